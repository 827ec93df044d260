/**
 * State of filesystem/sys: what is mounted. All else is made when it is read.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { record } from '../../../contracts/schema.ts';
import { blankSynthetic, syntheticFields, type SyntheticState } from '../../../lib/synthetic-file-system.ts';

export type SysState = SyntheticState;

export const sysLayout: StateLayout<SysState> = layout(
  'filesystem:sys',
  record<SysState>(syntheticFields, blankSynthetic),
  blankSynthetic,
);
