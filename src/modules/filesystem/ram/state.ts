/**
 * State of filesystem/ram: a tree of inodes for each superblock. File contents are the page cache's.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { record } from '../../../contracts/schema.ts';
import { type TreeState, treesSchema, verifyTrees } from '../../../lib/tree-state.ts';

export type RamState = TreeState;

const blank = (): RamState => ({ trees: new Map() });

export const ramLayout: StateLayout<RamState> = layout(
  'filesystem:ram',
  record<RamState>({ trees: treesSchema }, blank),
  blank,
  verifyTrees,
);
