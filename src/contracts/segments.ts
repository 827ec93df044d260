/**
 * Part of contract `ipc`, its optional interface `shared-memory`: segments of System V shared memory.
 *
 * A segment is a name for a shared object of vm's, which holds the pages whether it is mapped or not; how often it is
 * attached is counted from vm's areas. Who may do what is the caller's. A segment is found by its id, which is never used
 * again. Source: shmget(2), shmop(2), shmctl(2).
 */
import { bool, int, map, record, type Schema } from './schema.ts';
import { createPermission, type Permission, permissionSchema } from './semaphores.ts';

export interface Segment {
  id: number;
  /** 0 = IPC_PRIVATE, or removed; and what it was made with, by which /proc/PID/maps calls it. */
  key: number;
  firstKey: number;
  permission: Permission;
  bytes: number;
  /** vm's object. */
  inode: number;
  creator: number;
  /** Process that attached or detached it last; 0 = none yet. */
  lastUser: number;
  /** Seconds since 1970; 0 = never. */
  attached: number;
  detached: number;
  changed: number;
  locked: boolean;
  /** Removed: it goes with its last attachment, and vm's object is not held for it any more. */
  doomed: boolean;
}

export interface SegmentState {
  segments: Map<number, Segment>;
  /** Inode to id. */
  ids: Map<number, number>;
  next: number;
}

export interface Segments {
  /** A new segment. @returns its id, -ENOSPC or -ENOMEM */
  createSegment(tid: number, key: number, bytes: number, permission: Permission): number;
  /** The segment of an id, or null. Its fields may be read until the entry ends. */
  segment(id: number): Readonly<Segment> | null;
  /** The segment whose object this is, or null. */
  segmentOf(inode: number): Readonly<Segment> | null;
  segments(): Iterable<Readonly<Segment>>;
  setSegment(id: number, uid: number, gid: number, mode: number): void;
  lockSegment(id: number, locked: boolean): void;
  /** Nobody finds it by its key any more, and it goes once it is not attached. */
  removeSegment(id: number): void;
  /** vm tells: one area more (`by` 1) or fewer (-1) maps an object, which need not be a segment's. Not told in a rebuild. */
  segmentMapped(inode: number, by: 1 | -1): void;
}

export const SEGMENT_OPERATIONS: readonly (keyof Segments)[] = [
  'createSegment',
  'segment',
  'segmentOf',
  'segments',
  'setSegment',
  'lockSegment',
  'removeSegment',
  'segmentMapped',
];

export const createSegment = (): Segment => ({
  id: 0,
  key: 0,
  firstKey: 0,
  permission: createPermission(),
  bytes: 0,
  inode: 0,
  creator: 0,
  lastUser: 0,
  attached: 0,
  detached: 0,
  changed: 0,
  locked: false,
  doomed: false,
});
export const createSegmentState = (): SegmentState => ({ segments: new Map(), ids: new Map(), next: 0 });

export const segmentSchema: Schema<SegmentState> = record<SegmentState>(
  {
    segments: map(
      int(),
      record<Segment>(
        {
          id: int(),
          key: int(),
          firstKey: int(),
          permission: permissionSchema,
          bytes: int(),
          inode: int(),
          creator: int(),
          lastUser: int(),
          attached: int(),
          detached: int(),
          changed: int(),
          locked: bool(),
          doomed: bool(),
        },
        createSegment,
      ),
    ),
    ids: map(int(), int()),
    next: int(),
  },
  createSegmentState,
);

/** @returns what is broken, or null */
export function verifySegments({ segments, ids }: SegmentState): string | null {
  if (ids.size !== segments.size) return `${segments.size} segments have ${ids.size} objects`;
  for (const { id, inode } of segments.values())
    if (ids.get(inode) !== id) return `the object of segment ${id} is not known`;
  return null;
}
