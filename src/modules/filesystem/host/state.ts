/**
 * State of filesystem/host: a tree of inodes for each superblock, whose `source` is the grant, and what the host was asked.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { int, map, record, type Schema, set, text } from '../../../contracts/schema.ts';
import { type TreeState, treesSchema, verifyTrees } from '../../../lib/tree-state.ts';

/** One or more requests on whose completion an operation waits. */
export interface Ask {
  /** Of the inode that is loaded or changed. */
  inode: number;
  /** First page of a read; else 0. */
  index: number;
  outstanding: number;
  /** The first that went wrong, or 0. */
  errno: number;
  event: number;
}

export interface HostState extends TreeState {
  /** By what is asked, so that an operation that runs again finds its own. */
  asks: Map<string, Ask>;
  /** Request id to the key of its ask. */
  requests: Map<number, string>;
  /** Request id of a write to the inode written. */
  writes: Map<number, number>;
  /** Inode to the -errno of a write that failed and was not yet reported. */
  errors: Map<number, number>;
  /** Inodes that go by their orphan's name on the host until they are freed. */
  orphans: Set<number>;
}

export const createAsk = (): Ask => ({ inode: 0, index: 0, outstanding: 0, errno: 0, event: 0 });

const blank = (): HostState => ({
  trees: new Map(),
  asks: new Map(),
  requests: new Map(),
  writes: new Map(),
  errors: new Map(),
  orphans: new Set(),
});

const askSchema: Schema<Ask> = record<Ask>(
  { inode: int(), index: int(), outstanding: int(), errno: int(), event: int() },
  createAsk,
);

export const hostLayout: StateLayout<HostState> = layout(
  'filesystem:host',
  record<HostState>(
    {
      trees: treesSchema,
      asks: map(text(), askSchema),
      requests: map(int(), text()),
      writes: map(int(), int()),
      errors: map(int(), int()),
      orphans: set(int()),
    },
    blank,
  ),
  blank,
  (state) => {
    const under = new Map<string, number>();
    for (const key of state.requests.values()) under.set(key, (under.get(key) ?? 0) + 1);
    for (const [key, ask] of state.asks) {
      if (ask.outstanding !== (under.get(key) ?? 0)) return `'${key}' miscounts its requests`;
    }
    return verifyTrees(state);
  },
);
