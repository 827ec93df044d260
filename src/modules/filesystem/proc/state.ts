/**
 * State of filesystem/proc: what is mounted, and the settings that were written. All else is made when it is read.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { int, map, record, text } from '../../../contracts/schema.ts';
import { blankSynthetic, syntheticFields, type SyntheticState } from '../../../lib/synthetic-file-system.ts';

export interface ProcState extends SyntheticState {
  /** Inode number of a file under /proc/sys to what was written to it. */
  settings: Map<number, string>;
  /** oom_score_adj by process, where it is not 0. */
  oomAdjustments: Map<number, number>;
  /** sys/kernel/random/boot_id; '' until it is first read. */
  bootId: string;
}

const blank = (): ProcState => ({
  ...blankSynthetic(),
  settings: new Map(),
  oomAdjustments: new Map(),
  bootId: '',
});

export const procLayout: StateLayout<ProcState> = layout(
  'filesystem:proc',
  record<ProcState>(
    {
      ...syntheticFields,
      settings: map(int(), text()),
      oomAdjustments: map(int(), int()),
      bootId: text(),
    },
    blank,
  ),
  blank,
);
