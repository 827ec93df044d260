import { describe, it } from 'vitest';
import { clockConformance } from '../../../testing/clock-suite.ts';
import tickClock from './module.ts';

describe('clock/tick', () => {
  for (const { name, run } of clockConformance(tickClock)) it(name, run);
});
