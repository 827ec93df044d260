/**
 * Contract `pagecache`: the pages of files, by inode and index. vfs and vm both use it; neither owns it.
 *
 * Policy here: read-ahead and what may be dropped. Mechanism, fixed: a page in the cache holds one frame reference; a
 * file system fills a page through `FileSystem.fill`. A file system whose pages exist nowhere else (`ram`) says
 * so in `fill` and its pages are never dropped.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { int, map, record } from './schema.ts';

export interface PageCacheState {
  /** Inode id to (page index to frame). */
  files: Map<number, Map<number, number>>;
  pages: number;
}

const blank = (): PageCacheState => ({ files: new Map(), pages: 0 });

export const pageCacheLayout: StateLayout<PageCacheState> = layout(
  'pagecache',
  record<PageCacheState>({ files: map(int(), map(int(), int())), pages: int() }, blank),
  blank,
  (state) => {
    let pages = 0;
    for (const file of state.files.values()) pages += file.size;
    return pages === state.pages ? null : `${pages} pages are cached but ${state.pages} counted`;
  },
);

export interface PageCache {
  /** The frame of a page that is in the cache, or 0. Hot path. */
  find(inode: number, index: number): number;
  /**
   * The frame of a page, filled by its file system if it is absent.
   * @param create make a zero page where the file has a hole @returns a frame, 0 for a hole (reads as zeros), -EIO,
   * -ENOMEM or WAIT. The caller takes its own reference if it keeps the frame.
   */
  get(inode: number, index: number, create: boolean): number;
  /** Put a page in; the cache takes one reference of its own. Replaces what was there. */
  insert(inode: number, index: number, frame: number): void;
  /** Drop the pages at and above an index. */
  truncate(inode: number, fromIndex: number): void;
  /**
   * Give frames back: drop pages that nobody else holds and that their file system can fill again, the first that came
   * first. Only while nobody holds a frame of the cache without a reference, or has written to one and not yet said so: where a
   * kernel entry begins, or an operation that moved nothing ends.
   * @returns how many were dropped, at most `wanted`
   */
  reclaim(wanted: number): number;
  /** Pages in the cache, of one inode or of all (inode -1). */
  count(inode: number): number;
  /** Page indices of an inode that are in the cache, ascending. */
  indices(inode: number): number[];
}

export const pagecache: Contract<PageCache> = {
  name: 'pagecache',
  version: 1,
  operations: ['find', 'get', 'insert', 'truncate', 'reclaim', 'count', 'indices'],
  interfaces: {},
};
