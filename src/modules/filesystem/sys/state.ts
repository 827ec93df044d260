/**
 * State of filesystem/sys: what is mounted. All else is made when it is read.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { int, record, set } from '../../../contracts/schema.ts';
import type { SyntheticState } from '../../../lib/synthetic-file-system.ts';

export type SysState = SyntheticState;

const blank = (): SysState => ({ mounted: new Set() });

export const sysLayout: StateLayout<SysState> = layout(
  'filesystem:sys',
  record<SysState>({ mounted: set(int()) }, blank),
  blank,
);
