/**
 * Part of contract `ipc`, its optional interface `semaphores`: sets of System V semaphores.
 *
 * Who may do what is decided by the caller, except for the key. A set is found by its id (ipc-ids.ts). Source: semget(2),
 * semop(2), semctl(2).
 */
import { createIdSequence, type IdSequence, idSequenceSchema, type NextId } from './ipc-ids.ts';
import { array, bool, int, map, record, type Schema } from './schema.ts';

/** Whose an object of System V IPC is (struct ipc_perm). */
export interface Permission {
  uid: number;
  gid: number;
  creatorUid: number;
  creatorGid: number;
  /** Nine bits. */
  mode: number;
}

export interface Semaphore {
  value: number;
  /** Process that changed it last. */
  pid: number;
}

/** A thread that waits, and for what: the first of its operations that can not be done. */
export interface SemaphoreWaiter {
  tid: number;
  /** Its own. */
  event: number;
  index: number;
  forZero: boolean;
  operations: SemaphoreOperation[];
}

export interface SemaphoreSet {
  id: number;
  /** 0 = IPC_PRIVATE. */
  key: number;
  permission: Permission;
  semaphores: Semaphore[];
  /** Seconds since 1970 of the last semop, and of the last change by semctl. */
  operated: number;
  changed: number;
  /** In order of arrival. */
  waiters: SemaphoreWaiter[];
  /** By process, what is added to each semaphore when it ends (SEM_UNDO). */
  undo: Map<number, number[]>;
}

/** /proc/sys/kernel/sem and sem_next_id. */
export interface SemaphoreLimits extends NextId {
  /** Semaphores of a set, and of all. */
  perSet: number;
  all: number;
  /** Of one call. */
  operations: number;
  sets: number;
}

export interface SemaphoreState {
  sets: Map<number, SemaphoreSet>;
  ids: IdSequence;
  /** By thread, what became of operations that were done for it while it waited, until it has looked: 0 or -errno. */
  done: Map<number, number>;
  limits: SemaphoreLimits;
}

/** One element of semop's array. */
export interface SemaphoreOperation {
  readonly index: number;
  readonly change: number;
  readonly undo: boolean;
  readonly noWait: boolean;
}

export interface Semaphores {
  semaphoreLimits(): Readonly<SemaphoreLimits>;
  /** For what is made from now on. */
  setSemaphoreLimits(limits: Readonly<SemaphoreLimits>): void;
  /** A new set. @returns its id or -ENOSPC */
  createSemaphores(key: number, count: number, permission: Permission): number;
  /** The set of an id, or null. Its fields may be read until the entry ends. */
  semaphores(id: number): Readonly<SemaphoreSet> | null;
  semaphoreSets(): Iterable<Readonly<SemaphoreSet>>;
  /**
   * All operations or none. @returns 0, -EAGAIN, -ERANGE, or WAIT, with nothing changed but who waits. As soon as those of one who
   * waits can be done they are, before anybody else's (`semaphoreWaitOver`).
   */
  operateSemaphores(tid: number, id: number, operations: readonly SemaphoreOperation[]): number;
  /** Set values from an index on; what was to be undone to them is not. */
  setSemaphores(tid: number, id: number, from: number, values: readonly number[]): void;
  setSemaphorePermission(id: number, uid: number, gid: number, mode: number): void;
  /** Those who wait for it find it gone. */
  removeSemaphores(id: number): void;
  /** Threads that wait for the value to grow, or to be zero. */
  semaphoreWaiters(id: number, index: number, forZero: boolean): number;
  /** The thread waits no more. @returns 0 or -errno of its operations, or null: they were not done */
  semaphoreWaitOver(tid: number, id: number): number | null;
  /** A process ended: undo what it asked to be undone. */
  undoSemaphores(pid: number): void;
}

export const SEMAPHORE_OPERATIONS: readonly (keyof Semaphores)[] = [
  'semaphoreLimits',
  'setSemaphoreLimits',
  'createSemaphores',
  'semaphores',
  'semaphoreSets',
  'operateSemaphores',
  'setSemaphores',
  'setSemaphorePermission',
  'removeSemaphores',
  'semaphoreWaiters',
  'semaphoreWaitOver',
  'undoSemaphores',
];

export const createPermission = (): Permission => ({
  uid: 0,
  gid: 0,
  creatorUid: 0,
  creatorGid: 0,
  mode: 0,
});
export const createSemaphoreSet = (): SemaphoreSet => ({
  id: 0,
  key: 0,
  permission: createPermission(),
  semaphores: [],
  operated: 0,
  changed: 0,
  waiters: [],
  undo: new Map(),
});
export const createSemaphoreWaiter = (): SemaphoreWaiter => ({
  tid: 0,
  event: 0,
  index: 0,
  forZero: false,
  operations: [],
});
export const createSemaphoreLimits = (): SemaphoreLimits => ({
  perSet: 32000,
  all: 1024000000,
  operations: 500,
  sets: 32000,
  nextId: -1,
});
export const createSemaphoreState = (): SemaphoreState => ({
  sets: new Map(),
  ids: createIdSequence(),
  done: new Map(),
  limits: createSemaphoreLimits(),
});

export const permissionSchema: Schema<Permission> = record<Permission>(
  { uid: int(), gid: int(), creatorUid: int(), creatorGid: int(), mode: int() },
  createPermission,
);

const operation: Schema<SemaphoreOperation> = record<SemaphoreOperation>(
  { index: int(), change: int(), undo: bool(), noWait: bool() },
  () => ({ index: 0, change: 0, undo: false, noWait: false }),
);

export const semaphoreSchema: Schema<SemaphoreState> = record<SemaphoreState>(
  {
    sets: map(
      int(),
      record<SemaphoreSet>(
        {
          id: int(),
          key: int(),
          permission: permissionSchema,
          semaphores: array(record<Semaphore>({ value: int(), pid: int() }, () => ({ value: 0, pid: 0 }))),
          operated: int(),
          changed: int(),
          waiters: array(
            record<SemaphoreWaiter>(
              { tid: int(), event: int(), index: int(), forZero: bool(), operations: array(operation) },
              createSemaphoreWaiter,
            ),
          ),
          undo: map(int(), array(int())),
        },
        createSemaphoreSet,
      ),
    ),
    ids: idSequenceSchema,
    done: map(int(), int()),
    limits: record<SemaphoreLimits>(
      { perSet: int(), all: int(), operations: int(), sets: int(), nextId: int() },
      createSemaphoreLimits,
    ),
  },
  createSemaphoreState,
);

/** @returns what is broken, or null */
export function verifySemaphores({ sets }: SemaphoreState): string | null {
  for (const { id, semaphores, undo } of sets.values()) {
    for (const { value } of semaphores) {
      if (value < 0 || value > 32767) return `a semaphore of set ${id} is ${value}`;
    }
    for (const changes of undo.values()) {
      if (changes.length !== semaphores.length) return `set ${id} undoes ${changes.length} semaphores`;
    }
  }
  return null;
}
