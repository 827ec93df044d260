/**
 * State of filesystem/dev: a tree of inodes for each superblock. Terminals are tty's.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { record } from '../../../contracts/schema.ts';
import { type TreeState, treesSchema, verifyTrees } from '../../../lib/tree-state.ts';

export type DevState = TreeState;

const blank = (): DevState => ({ trees: new Map() });

export const devLayout: StateLayout<DevState> = layout(
  'filesystem:dev',
  record<DevState>({ trees: treesSchema }, blank),
  blank,
  verifyTrees,
);
