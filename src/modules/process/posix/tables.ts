/**
 * Descriptor tables, places and handler tables: what processes share, copy and drop.
 *
 * A table entry owns one reference to its open file description. Source: open(2), dup(2), fcntl(2), clone(2).
 */
import { EBADF, EMFILE, ENFILE } from '../../../abi/linux/errno.ts';
import { RLIMIT_NOFILE } from '../../../abi/linux/resource.ts';
import {
  createFileTable,
  createHandlerTable,
  createPlace,
  createSignalAction,
  type FileTable,
  type HandlerTable,
  type Place,
} from '../../../contracts/process.ts';
import { groupOf, mustGet, type Self, threadOf } from './self.ts';

const filesOf = (self: Self, tid: number): FileTable =>
  mustGet(self.state.fileTables, groupOf(self, tid).files, 'descriptor table');

export const placeOf = (self: Self, tid: number): Place =>
  mustGet(self.state.places, groupOf(self, tid).place, 'place');

/** Highest descriptor number + 1 that the thread's group may have. */
const descriptorLimit = (self: Self, tid: number): number =>
  groupOf(self, tid).limits[RLIMIT_NOFILE * 2] as number;

/** Descriptors in all tables together; a table below LARGE_TABLE may always grow. */
const MOST_DESCRIPTORS = 1048576;
const LARGE_TABLE = 1024;

/** Would so many more descriptors be too many for the kernel's own memory? */
export function tooMany(self: Self, more: number): boolean {
  let count = more;
  for (const { entries } of self.state.fileTables.values()) count += entries.size;
  return count > MOST_DESCRIPTORS;
}

/** A descriptor that no call is given. */
const UNBOUND = -1;

/** What a thread holds counts while its call runs, not for those who look at it meanwhile. */
export function fileOf(self: Self, tid: number, fd: number): number {
  const { held } = threadOf(self, tid);
  if (held.length !== 0 && self.kernel.waits.waiting(tid) === null) {
    for (let i = 0; i < held.length; i += 2) if (held[i] === fd && fd >= 0) return held[i + 1] as number;
  }
  const entry = filesOf(self, tid).entries.get(fd);
  return entry === undefined ? -EBADF : entry.file;
}

export function holdFile(self: Self, tid: number, fd: number, bound: boolean): void {
  const { held } = threadOf(self, tid);
  const file = fileOf(self, tid, fd);
  if (file < 0) return;
  const key = bound ? fd : UNBOUND;
  for (let i = 0; i < held.length; i += 2) if (held[i] === key && held[i + 1] === file) return;
  self.kernel.vfs.retain(file);
  held.push(key, file);
}

export function letGo(self: Self, tid: number): void {
  const thread = self.state.threads.get(tid);
  if (thread === undefined || thread.held.length === 0) return;
  const { held } = thread;
  if (held.length === 2) {
    // The usual case, in which the list keeps its memory.
    const file = held.pop() as number;
    held.pop();
    self.kernel.vfs.release(file, 0);
    return;
  }
  thread.held = [];
  for (let i = 1; i < held.length; i += 2) self.kernel.vfs.release(held[i] as number, 0);
}

export function closesOnExec(self: Self, tid: number, fd: number): boolean {
  return filesOf(self, tid).entries.get(fd)?.closeOnExec ?? false;
}

export function setCloseOnExec(self: Self, tid: number, fd: number, on: boolean): void {
  const entry = filesOf(self, tid).entries.get(fd);
  if (entry !== undefined) entry.closeOnExec = on;
}

export function install(self: Self, tid: number, file: number, from: number, closeOnExec: boolean): number {
  const table = filesOf(self, tid);
  const { entries } = table;
  const limit = descriptorLimit(self, tid);
  let fd = Math.max(from, table.free);
  while (entries.has(fd)) fd++;
  if (from <= table.free) table.free = fd;
  if (fd >= limit) return -EMFILE;
  if (entries.size >= LARGE_TABLE && tooMany(self, 1)) return -ENFILE;
  entries.set(fd, { file, closeOnExec });
  return fd;
}

export function installAt(self: Self, tid: number, file: number, fd: number, closeOnExec: boolean): number {
  if (fd < 0 || fd >= descriptorLimit(self, tid)) return -EBADF;
  const { entries } = filesOf(self, tid);
  const before = entries.get(fd);
  entries.set(fd, { file, closeOnExec });
  if (before !== undefined) self.kernel.vfs.release(before.file, groupOf(self, tid).tgid);
  return fd;
}

export function close(self: Self, tid: number, fd: number): number {
  const table = filesOf(self, tid);
  const entry = table.entries.get(fd);
  if (entry === undefined) return -EBADF;
  table.entries.delete(fd);
  table.free = Math.min(table.free, fd);
  self.kernel.vfs.release(entry.file, groupOf(self, tid).tgid);
  return 0;
}

export function descriptors(self: Self, tid: number): number[] {
  return [...filesOf(self, tid).entries.keys()].sort((a, b) => a - b);
}

/** execve(2): drop what is marked close-on-exec, in ascending order. */
export function closeMarked(self: Self, tid: number): void {
  for (const fd of descriptors(self, tid)) if (closesOnExec(self, tid, fd)) close(self, tid, fd);
}

export function newFiles(self: Self): number {
  const id = self.state.nextTable++;
  self.state.fileTables.set(id, createFileTable());
  return id;
}

/** The id of a copy, with a reference of its own to every open file description. */
export function copyFiles(self: Self, from: number): number {
  const source = mustGet(self.state.fileTables, from, 'descriptor table');
  const id = newFiles(self);
  const copy = mustGet(self.state.fileTables, id, 'descriptor table');
  for (const [fd, entry] of source.entries) {
    self.kernel.vfs.retain(entry.file);
    copy.entries.set(fd, { file: entry.file, closeOnExec: entry.closeOnExec });
  }
  return id;
}

export function dropFiles(self: Self, id: number, tgid: number): void {
  const table = mustGet(self.state.fileTables, id, 'descriptor table');
  if (--table.users > 0) return;
  self.state.fileTables.delete(id);
  const fds = [...table.entries.keys()].sort((a, b) => a - b);
  for (const fd of fds) {
    const entry = table.entries.get(fd);
    if (entry !== undefined) self.kernel.vfs.release(entry.file, tgid);
  }
}

export function unshareFiles(self: Self, tid: number): void {
  const group = groupOf(self, tid);
  if (filesOf(self, tid).users === 1) return;
  const shared = group.files;
  group.files = copyFiles(self, shared);
  dropFiles(self, shared, group.tgid);
}

/** A place whose root and working directory it holds. */
export function newPlace(self: Self, root: number, cwd: number, umask: number): number {
  const id = self.state.nextTable++;
  const place = createPlace();
  place.root = root;
  place.cwd = cwd;
  place.umask = umask;
  self.kernel.vfs.holdDentry(root);
  self.kernel.vfs.holdDentry(cwd);
  self.state.places.set(id, place);
  return id;
}

export function dropPlace(self: Self, id: number): void {
  const place = mustGet(self.state.places, id, 'place');
  if (--place.users > 0) return;
  self.state.places.delete(id);
  self.kernel.vfs.releaseDentry(place.cwd);
  self.kernel.vfs.releaseDentry(place.root);
}

export function newHandlers(self: Self): number {
  const id = self.state.nextTable++;
  self.state.handlers.set(id, createHandlerTable());
  return id;
}

/** @param ignoredOnly handlers become default, ignored signals stay so (execve, CLONE_CLEAR_SIGHAND) */
export function copyHandlers(self: Self, from: number, ignoredOnly: boolean): number {
  const source: HandlerTable = mustGet(self.state.handlers, from, 'handler table');
  const id = newHandlers(self);
  const copy = mustGet(self.state.handlers, id, 'handler table');
  for (const [signal, action] of source.actions) {
    if (ignoredOnly && action.handler !== 1) continue;
    const own = createSignalAction();
    own.handler = action.handler;
    if (!ignoredOnly) {
      own.flags = action.flags;
      own.maskLow = action.maskLow;
      own.maskHigh = action.maskHigh;
    }
    copy.actions.set(signal, own);
  }
  return id;
}

export function dropHandlers(self: Self, id: number): void {
  const table = mustGet(self.state.handlers, id, 'handler table');
  if (--table.users === 0) self.state.handlers.delete(id);
}
