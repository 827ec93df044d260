import { expect, test } from 'vitest';
import { nodeHost } from './index.ts';

test('the clock of a host never goes back', () => {
  const { now } = nodeHost();
  let before = now();
  let turns = 0;
  for (let i = 0; i < 5000; i++) {
    const after = now();
    if (after < before) turns++;
    before = after;
  }
  expect(turns).toBe(0);
});
