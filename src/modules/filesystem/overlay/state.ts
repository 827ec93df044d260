/**
 * State of filesystem/overlay: a tree of inodes for each superblock, whose `source` is the lower superblock.
 *
 * An inode below UPPER_INO is the lower one of that number; those from there on were made here.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { record } from '../../../contracts/schema.ts';
import { type TreeState, treesSchema, verifyTrees } from '../../../lib/tree-state.ts';

export type OverlayState = TreeState;

/** First inode number that no lower file system may have. */
export const UPPER_INO = 0x8000_0000;

const blank = (): OverlayState => ({ trees: new Map() });

export const overlayLayout: StateLayout<OverlayState> = layout(
  'filesystem:overlay',
  record<OverlayState>({ trees: treesSchema }, blank),
  blank,
  verifyTrees,
);
