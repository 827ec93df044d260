/**
 * A kernel just big enough to stand behind a file system in a unit test.
 *
 * Memory, frames, a page cache without policy, a clock that the test moves, waits that are counted, a host that
 * answers when the test says so. What a file system does not call is absent.
 */
import type { FileSystem } from '../contracts/filesystem.ts';
import { FILL_HOLE, superblockOf } from '../contracts/filesystem.ts';
import type { HostRequest } from '../contracts/host.ts';
import type { Kernel } from '../contracts/kernel.ts';

const PAGE = 4096;

export interface FakeFsKernel {
  readonly kernel: Kernel;
  readonly cells: Record<string, FileSystem>;
  /** Superblock to type, as vfs knows it. */
  readonly types: Map<number, string>;
  /** Host requests that wait for an answer, by id. */
  readonly requests: Map<number, HostRequest>;
  readonly terminals: number[];
  /** What `block` lists. */
  readonly disks: { readonly id: number; readonly name: string }[];
  readonly truncations: string[];
  /** Events named by the call in progress, and events woken with how often. */
  readonly waited: number[];
  readonly woken: number[];
  clock: { seconds: number; nanoseconds: number };
  /** How many threads a wake-up finds. */
  waiters: number;
  freeFrames(): number;
}

/** @param frames allocatable pages */
export function fakeFsKernel(frames = 256): FakeFsKernel {
  const u8 = new Uint8Array((frames + 1) * PAGE);
  const counts = new Map<number, number>();
  const free = Array.from({ length: frames }, (_, i) => frames - i);
  const files = new Map<number, Map<number, number>>();
  const pinned = new Map<number, number>();
  let nextEvent = 1;
  let nextRequest = 1;

  const unref = (frame: number): number => {
    const left = (counts.get(frame) ?? 0) - 1;
    if (left < 0) throw new Error(`frame ${frame} is free already`);
    counts.set(frame, left);
    if (left === 0) free.push(frame);
    return left;
  };
  const alloc = (zero: boolean): number => {
    const frame = free.pop() ?? 0;
    if (frame === 0) return 0;
    counts.set(frame, 1);
    u8.fill(zero ? 0 : 0xee, frame * PAGE, (frame + 1) * PAGE);
    return frame;
  };
  const put = (inode: number, index: number, frame: number): void => {
    const file = files.get(inode) ?? new Map<number, number>();
    const before = file.get(index);
    if (before !== undefined) unref(before);
    files.set(inode, file.set(index, frame));
  };
  const get = (inode: number, index: number, create: boolean): number => {
    const present = files.get(inode)?.get(index);
    if (present !== undefined) return present;
    const cell = fake.cells[fake.types.get(superblockOf(inode)) ?? ''];
    if (cell === undefined) throw new Error(`inode ${inode} has no file system`);
    const frame = alloc(false);
    if (frame === 0) return -12;
    const filled = cell.fill(inode, index, frame);
    if (filled === FILL_HOLE && create) u8.fill(0, frame * PAGE, (frame + 1) * PAGE);
    if (filled === 0 || (filled === FILL_HOLE && create)) {
      put(inode, index, frame);
      return frame;
    }
    unref(frame);
    return filled === FILL_HOLE ? 0 : filled;
  };

  const parts = {
    machine: { u8, layout: { codeMarkBase: 0 } },
    engine: { invalidateFrame: () => undefined },
    frames: {
      alloc,
      unref,
      ref: (frame: number) => counts.set(frame, (counts.get(frame) ?? 0) + 1),
      count: (frame: number) => counts.get(frame) ?? 0,
      total: () => frames,
      free: () => free.length,
    },
    pagecache: {
      find: (inode: number, index: number) => files.get(inode)?.get(index) ?? 0,
      get,
      insert(inode: number, index: number, frame: number) {
        counts.set(frame, (counts.get(frame) ?? 0) + 1);
        put(inode, index, frame);
      },
      truncate(inode: number, from: number) {
        const file = files.get(inode);
        for (const [index, frame] of file ?? []) {
          if (index < from) continue;
          file?.delete(index);
          unref(frame);
        }
      },
      count: (inode: number) => files.get(inode)?.size ?? 0,
      indices: (inode: number) => [...(files.get(inode)?.keys() ?? [])].sort((a, b) => a - b),
    },
    vm: { truncated: (inode: number, index: number) => fake.truncations.push(`${inode}:${index}`) },
    clock: {
      realtimeSeconds: () => fake.clock.seconds,
      realtimeNanoseconds: () => fake.clock.nanoseconds,
      monotonic: () => 0,
    },
    time: { now: () => 0, bootSeconds: 1_700_000_000, bootNanoseconds: 5 },
    settings: {
      release: '6.12.0',
      version: '#1 Strake',
      machine: 'riscv64',
      hostname: 'strake',
      memoryBytes: frames * PAGE,
      codeCacheBytes: 0,
      deterministic: false,
      terminal: false,
    },
    waits: {
      newEvent: () => nextEvent++,
      on: (event: number) => fake.waited.push(event),
      wake(event: number) {
        fake.woken.push(event);
        return fake.waiters;
      },
    },
    host: {
      request(_owner: string, request: HostRequest) {
        fake.requests.set(nextRequest, request);
        return nextRequest++;
      },
    },
    block: { disks: () => fake.disks },
    buffercache: {
      counts: () => ({ units: 0, dirty: 0, writing: 0, hits: 0, misses: 0, limit: 0 }),
      reclaim: () => 0,
    },
    tty: { list: () => fake.terminals },
    process: { credentials: () => ({ fsuid: 1000 }) },
    vfs: {
      fileSystemOf: (sb: number) => fake.types.get(sb),
      pinInode: (inode: number) => pinned.set(inode, (pinned.get(inode) ?? 0) + 1),
      unpinInode: (inode: number) => pinned.set(inode, (pinned.get(inode) ?? 0) - 1),
    },
  };

  const cells: Record<string, FileSystem> = {};
  const fake: FakeFsKernel = {
    kernel: { ...parts, filesystem: cells } as unknown as Kernel,
    cells,
    types: new Map(),
    requests: new Map(),
    terminals: [0],
    disks: [],
    truncations: [],
    waited: [],
    woken: [],
    clock: { seconds: 1_700_000_100, nanoseconds: 1 },
    waiters: 1,
    freeFrames: () => free.length,
  };
  return fake;
}

/** Write bytes through the page cache as vfs does. @returns 0, -errno or WAIT */
export function writeFile(fake: FakeFsKernel, inode: number, offset: number, bytes: Uint8Array): number {
  const cell = fake.cells[fake.types.get(superblockOf(inode)) ?? ''] as FileSystem;
  for (let at = 0; at < bytes.length; ) {
    const position = offset + at;
    const frame = fake.kernel.pagecache.get(inode, Math.floor(position / PAGE), true);
    if (frame <= 0) return frame;
    const part = Math.min(PAGE - (position % PAGE), bytes.length - at);
    fake.kernel.machine.u8.set(bytes.subarray(at, at + part), frame * PAGE + (position % PAGE));
    at += part;
  }
  return cell.written(inode, offset, bytes.length);
}

/** Read through the page cache up to `size`. @returns the bytes, -errno or WAIT */
export function readFile(fake: FakeFsKernel, inode: number, size: number): Uint8Array | number {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += PAGE) {
    const frame = fake.kernel.pagecache.get(inode, at / PAGE, false);
    if (frame < 0) return frame;
    if (frame === 0) continue;
    const part = Math.min(PAGE, size - at);
    bytes.set(fake.kernel.machine.u8.subarray(frame * PAGE, frame * PAGE + part), at);
  }
  return bytes;
}
