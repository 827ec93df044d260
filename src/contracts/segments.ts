/**
 * Part of contract `ipc`, its optional interface `shared-memory`: segments of System V shared memory.
 *
 * A segment is a name for a shared object of vm's, which holds the pages whether it is mapped or not; how often it is
 * attached is counted from vm's areas. Who may do what is the caller's. A segment is found by its id
 * (ipc-ids.ts). Source: shmget(2), shmop(2), shmctl(2).
 */
import { createIdSequence, type IdSequence, idSequenceSchema, type NextId } from './ipc-ids.ts';
import { bool, int, map, record, type Schema, text } from './schema.ts';
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

/** /proc/sys/kernel/shmmax, shmall, shmmni and shm_next_id. */
export interface SegmentLimits extends NextId {
  /** Bytes of a segment, and pages of all, in decimal: they have 64 bits. */
  bytes: string;
  pages: string;
  segments: number;
}

export interface SegmentState {
  segments: Map<number, Segment>;
  /** Inode to id. */
  ids: Map<number, number>;
  sequence: IdSequence;
  limits: SegmentLimits;
}

export interface Segments {
  segmentLimits(): Readonly<SegmentLimits>;
  /** For what is made from now on. */
  setSegmentLimits(limits: Readonly<SegmentLimits>): void;
  /** A new segment. @returns its id, -EINVAL (beyond shmmax), -ENOSPC (shmall, shmmni) or -ENOMEM */
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
  'segmentLimits',
  'setSegmentLimits',
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
export const createSegmentLimits = (): SegmentLimits => ({
  bytes: '18446744073692774399',
  pages: '18446744073692774399',
  segments: 4096,
  nextId: -1,
});
export const createSegmentState = (): SegmentState => ({
  segments: new Map(),
  ids: new Map(),
  sequence: createIdSequence(),
  limits: createSegmentLimits(),
});

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
    sequence: idSequenceSchema,
    limits: record<SegmentLimits>(
      { bytes: text(), pages: text(), segments: int(), nextId: int() },
      createSegmentLimits,
    ),
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
