/**
 * File locks: flock(2), the record locks of fcntl(2), and those of open files (F_OFD_).
 *
 * Locks are a list in order of acquisition. A waiter waits for the first lock in its way and looks again when that is
 * released. `blocked` says which process waits for which, so that a wait that closes a cycle is refused.
 */
import { EAGAIN, EBADF, EDEADLK, EINVAL, ENOLCK } from '../../../abi/linux/errno.ts';
import {
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  O_ACCMODE,
  O_RDONLY,
  O_WRONLY,
} from '../../../abi/linux/fcntl.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { createFileLock, type FileLock, type OpenFile } from '../../../contracts/vfs.ts';
import type { Core } from './core.ts';

const EVERYONE = 0x7fffffff;
/** Locks on all files: every one is looked at by each call. */
const MOST_LOCKS = 8192;
const END: number = Number.MAX_SAFE_INTEGER;

function makeLock(core: Core, inode: number, flock: boolean, file: number, tgid: number): FileLock {
  const lock = createFileLock();
  lock.inode = inode;
  lock.flock = flock;
  lock.file = file;
  lock.tgid = tgid;
  lock.end = END;
  lock.event = core.kernel.waits.newEvent();
  return lock;
}

const isOwnedBy = (lock: FileLock, flock: boolean, file: number, tgid: number): boolean =>
  lock.flock === flock && lock.file === file && lock.tgid === tgid;

/** The first lock of somebody else's that stands in the way. */
function conflict(core: Core, wanted: FileLock): FileLock | null {
  for (const lock of core.state.locks) {
    if (lock.inode !== wanted.inode || lock.flock !== wanted.flock) continue;
    if (isOwnedBy(lock, wanted.flock, wanted.file, wanted.tgid)) continue;
    if (!lock.exclusive && !wanted.exclusive) continue;
    if (lock.start < wanted.end && wanted.start < lock.end) return lock;
  }
  return null;
}

/** Take the range from the owner's locks, splitting them. */
function cut(core: Core, range: FileLock): void {
  const kept: FileLock[] = [];
  const { state, kernel } = core;
  for (const lock of state.locks) {
    const own = lock.inode === range.inode && isOwnedBy(lock, range.flock, range.file, range.tgid);
    if (!own || lock.end <= range.start || lock.start >= range.end) {
      kept.push(lock);
      continue;
    }
    kernel.waits.wake(lock.event, EVERYONE);
    if (range.end < lock.end) {
      const after = makeLock(core, lock.inode, lock.flock, lock.file, lock.tgid);
      after.exclusive = lock.exclusive;
      after.start = range.end;
      after.end = lock.end;
      kept.push(after);
    }
    if (lock.start < range.start) {
      lock.end = range.start;
      kept.push(lock);
    }
  }
  state.locks = kept;
}

/** Put a lock in, joined with the owner's neighbours of its kind. Pre: its range is cut free. */
function put(core: Core, wanted: FileLock): void {
  core.state.locks = core.state.locks.filter((lock) => {
    const joins =
      lock.inode === wanted.inode &&
      lock.exclusive === wanted.exclusive &&
      isOwnedBy(lock, wanted.flock, wanted.file, wanted.tgid) &&
      (lock.end === wanted.start || lock.start === wanted.end);
    if (!joins) return true;
    wanted.start = Math.min(wanted.start, lock.start);
    wanted.end = Math.max(wanted.end, lock.end);
    core.kernel.waits.wake(lock.event, EVERYONE);
    return false;
  });
  core.state.locks.push(wanted);
}

function waitFor(core: Core, lock: FileLock): number {
  core.kernel.waits.on(lock.event);
  core.kernel.waits.restart('restart');
  return WAIT;
}

export function flock(core: Core, file: OpenFile, operation: number): number {
  const kind = operation & ~LOCK_NB;
  if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) return -EINVAL;
  if (file.kind === 'path') return -EBADF;
  // What has no inode is locked by itself.
  const target = file.inode === 0 ? -file.id : file.inode;
  const wanted = makeLock(core, target, true, file.id, 0);
  wanted.exclusive = kind === LOCK_EX;
  const before = core.state.locks.find((lock) => lock.inode === target && isOwnedBy(lock, true, file.id, 0));
  if (kind !== LOCK_UN && before !== undefined && before.exclusive === wanted.exclusive) return 0;
  // A conversion gives the old lock up first, and so may lose it (flock(2)).
  cut(core, wanted);
  if (kind === LOCK_UN) return 0;
  const other = conflict(core, wanted);
  if (other === null) {
    put(core, wanted);
    return 0;
  }
  return (operation & LOCK_NB) !== 0 ? -EAGAIN : waitFor(core, other);
}

/** True if a wait of `tgid` for `owner` would close a cycle. */
function closesCycle(core: Core, tgid: number, owner: number): boolean {
  let at: number | undefined = owner;
  // At most every process once.
  for (let steps = 0; at !== undefined && steps <= core.state.blocked.size; steps++) {
    if (at === tgid) return true;
    at = core.state.blocked.get(at);
  }
  return false;
}

export function setLock(
  core: Core,
  tid: number,
  file: OpenFile,
  type: number,
  start: number,
  end: number,
  ofd: boolean,
  wait: boolean,
): number {
  const { tgid } = core.kernel.process.thread(tid);
  core.state.blocked.delete(tgid);
  if (file.kind === 'path') return -EBADF;
  const mode = file.flags & O_ACCMODE;
  if (type === F_RDLCK ? mode === O_WRONLY : type === F_WRLCK && mode === O_RDONLY) return -EBADF;
  if (type !== F_RDLCK && type !== F_WRLCK && type !== F_UNLCK) return -EINVAL;
  const wanted = makeLock(core, file.inode, false, ofd ? file.id : 0, ofd ? 0 : tgid);
  wanted.exclusive = type === F_WRLCK;
  wanted.start = start;
  wanted.end = end;
  const other = type === F_UNLCK ? null : conflict(core, wanted);
  if (core.state.locks.length >= MOST_LOCKS && type !== F_UNLCK) return -ENOLCK;
  // An unlock can split a lock in two, and so must end somewhere too.
  if (core.state.locks.length >= 2 * MOST_LOCKS && end !== END) return -ENOLCK;
  if (other === null) {
    cut(core, wanted);
    if (type !== F_UNLCK) put(core, wanted);
    return 0;
  }
  if (!wait) return -EAGAIN;
  if (!ofd && other.tgid !== 0) {
    if (closesCycle(core, tgid, other.tgid)) return -EDEADLK;
    if (!core.kernel.waits.interrupted(tid)) core.state.blocked.set(tgid, other.tgid);
  }
  return waitFor(core, other);
}

export function getLock(
  core: Core,
  tid: number,
  file: OpenFile,
  type: number,
  start: number,
  end: number,
  ofd: boolean,
): FileLock | null {
  const { tgid } = core.kernel.process.thread(tid);
  const wanted = makeLock(core, file.inode, false, ofd ? file.id : 0, ofd ? 0 : tgid);
  wanted.exclusive = type === F_WRLCK;
  wanted.start = start;
  wanted.end = end;
  return conflict(core, wanted);
}

function dropLocks(core: Core, goes: (lock: FileLock) => boolean): void {
  if (!core.state.locks.some(goes)) return;
  core.state.locks = core.state.locks.filter((lock) => {
    if (!goes(lock)) return true;
    core.kernel.waits.wake(lock.event, EVERYONE);
    return false;
  });
}

/** A process closed a descriptor of the inode: its record locks on it go, whichever descriptor made them. */
export function releaseRecords(core: Core, inode: number, tgid: number): void {
  if (core.state.locks.length !== 0) dropRecords(core, inode, tgid);
}

/** An open file is gone. */
export function releaseOwned(core: Core, file: number): void {
  if (core.state.locks.length !== 0) dropOwned(core, file);
}

// Functions of their own: one that makes a closure pays for it at each call, even if it returns before.

function dropRecords(core: Core, inode: number, tgid: number): void {
  dropLocks(core, (lock) => !lock.flock && lock.inode === inode && lock.tgid === tgid);
}

function dropOwned(core: Core, file: number): void {
  dropLocks(core, (lock) => lock.file === file);
}
