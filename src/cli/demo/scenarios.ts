/**
 * The scenarios that there are, in the order in which `all` shows them. A new one is one file and one row here.
 */
import { engineScenario } from './engine.ts';
import { featuresScenario } from './features.ts';
import { ioScenario } from './io.ts';
import { ipcScenario } from './ipc.ts';
import { mmuScenario } from './mmu.ts';
import { restScenario } from './rest.ts';
import type { Scenario } from './scenario.ts';
import { schedulerScenario } from './scheduler.ts';
import { vmScenario } from './vm.ts';

export const SCENARIOS: readonly Scenario[] = [
  vmScenario,
  schedulerScenario,
  ipcScenario,
  mmuScenario,
  ioScenario,
  engineScenario,
  featuresScenario,
  restScenario,
];
