/**
 * The scenarios that there are, in the order in which `all` shows them. A new one is one file and one row here.
 */
import { featuresScenario } from './features.ts';
import { ioScenario } from './io.ts';
import { restScenario } from './rest.ts';
import type { Scenario } from './scenario.ts';
import { schedulerScenario } from './scheduler.ts';
import { vmScenario } from './vm.ts';

export const SCENARIOS: readonly Scenario[] = [
  vmScenario,
  schedulerScenario,
  ioScenario,
  featuresScenario,
  restScenario,
];
