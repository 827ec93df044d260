/**
 * What every scenario is started with, and their names.
 */
import type { SlotName } from '../../contracts/module.ts';

export interface ScenarioOptions {
  readonly root?: string;
  readonly memory: number;
  /** Modules of the two sides, in place of the scenario's own. */
  readonly from?: string;
  readonly to?: string;
  /** For `rest`: this slot alone. */
  readonly slot?: SlotName;
  readonly progress: (text: string) => void;
}
