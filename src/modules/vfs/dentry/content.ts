/**
 * Contents of regular files: reads, writes and changes of size through the page cache.
 *
 * Nothing is copied before every page that is needed is there, so that WAIT comes before any byte. What lies in the cache
 * beyond the end of a file may be garbage (a mapping can write there); it is zeroed when the file grows over it. File
 * systems without FS_PAGED (proc) do their own reading and writing.
 */
import { EFBIG, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM } from '../../../abi/linux/errno.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  O_APPEND,
  O_NOATIME,
} from '../../../abi/linux/fcntl.ts';
import { CAP_FSETID } from '../../../abi/linux/capability.ts';
import { RLIMIT_FSIZE } from '../../../abi/linux/resource.ts';
import { S_IALLUGO } from '../../../abi/linux/stat.ts';
import { FS_PAGED, FS_STEP, FS_STEPS, superblockOf } from '../../../contracts/filesystem.ts';
import { type Spans, WAIT } from '../../../contracts/kernel.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { copyPhysicalToSpans, copySpansToPhysical, zeroPhysical, zeroSpans } from '../../../lib/spans.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import { type Core, servedBy } from './core.ts';
import { forbidsGrowing, forbidsResizing, forbidsWriting } from './seals.ts';
import { withoutSetIds } from './permission.ts';

/** No file grows beyond this; offsets stay exact. */
const MAX_FILE_SIZE = 2 ** 52;

/** RLIMIT_FSIZE. */
export const sizeLimit = (core: Core, tid: number): number =>
  core.kernel.process.group(tid).limits[2 * RLIMIT_FSIZE] as number;

const pageOf = (offset: number): number => Math.floor(offset / PAGE_SIZE);

/** The part of `from` behind `skip`, in the core's scratch list. */
function tailOf(core: Core, from: Spans, skip: number): Spans {
  if (skip === 0) return from;
  const { tail } = core;
  tail.count = 0;
  tail.total = 0;
  let left = skip;
  for (let i = 0; i < from.count; i++) {
    const length = from.length[i] as number;
    const drop = Math.min(left, length);
    left -= drop;
    if (drop === length) continue;
    tail.address[tail.count] = (from.address[i] as number) + drop;
    tail.length[tail.count] = length - drop;
    tail.count++;
    tail.total += length - drop;
  }
  return tail;
}

/** @param offset -1 = the file's own */
export function readContent(core: Core, tid: number, file: OpenFile, into: Spans, offset: number): number {
  const { inode } = file;
  const cell = servedBy(core, inode);
  const at = offset < 0 ? file.offset : offset;
  let count: number;
  if ((cell.capabilities(superblockOf(inode)) & FS_PAGED) === 0) {
    count = cell.read(tid, inode, at, into);
  } else {
    const error = cell.stat(inode, core.here);
    if (error !== 0) return error;
    count = Math.min(into.total, core.here.size - at);
    if (count <= 0) return 0;
    const wanted = count;
    count = readPages(core, inode, at, wanted, into);
    if (lacksRoom(count)) count = makeRoom(core, wanted, count);
    if (count === ROOM) count = readPages(core, inode, at, wanted, into);
  }
  if (count <= 0) return count;
  if (offset < 0) file.offset = at + count;
  if ((file.flags & O_NOATIME) === 0) cell.accessed(inode);
  return count;
}

/** One frame in so many is not given to pages that are new to a file. */
const KEPT_FROM_FILES = 16;

/** Pages were given back: try again. No count of bytes, no -errno and not WAIT. */
const ROOM = -9100;

/** Not one page of a transfer found a frame, or place in its file system. */
const lacksRoom = (moved: number): boolean => moved === -ENOMEM || moved === -ENOSPC;

/**
 * Have pages given back for a transfer through the page cache. One that failed holds no page and has written none, so whatever
 * can be filled again may go. @returns ROOM, WAIT, or what the transfer gave
 */
function makeRoom(core: Core, bytes: number, moved: number): number {
  const { frames, pagecache, vm } = core.kernel;
  const wanted = Math.ceil(bytes / PAGE_SIZE) + Math.ceil(frames.total() / KEPT_FROM_FILES);
  if (pagecache.reclaim(wanted) > 0) return ROOM;
  // Where room is short and not the file system full, programs may give some.
  const short = wanted - frames.free();
  return short > 0 && vm.relieve?.(short) === WAIT ? WAIT : moved;
}

function readPages(core: Core, inode: number, at: number, count: number, into: Spans): number {
  const { kernel, frames } = core;
  const first = pageOf(at);
  const last = pageOf(at + count - 1);
  let have = 0;
  let error = 0;
  for (let index = first; index <= last; index++) {
    const frame = kernel.pagecache.get(inode, index, false);
    // Ask for the other pages too, so that their requests are under way together.
    if (frame < 0) {
      error = frame;
      if (frame !== WAIT) break;
    } else if (error === 0) {
      // The page must not go while those behind it are fetched.
      if (frame !== 0 && last > first) kernel.frames.ref(frame);
      frames[have++] = frame;
    }
  }
  let length = error === 0 ? count : Math.min(count, (first + have) * PAGE_SIZE - at);
  if (error === WAIT || have === 0) length = error;
  for (let i = 0, done = 0; i < have; i++) {
    const frame = frames[i] as number;
    if (done < length) {
      const within = i === 0 ? at & (PAGE_SIZE - 1) : 0;
      const part = Math.min(PAGE_SIZE - within, length - done);
      if (frame === 0) zeroSpans(kernel, into, done, part);
      else copyPhysicalToSpans(kernel, frame * PAGE_SIZE + within, into, done, part);
      done += part;
    }
    if (frame !== 0 && last > first) kernel.frames.unref(frame);
  }
  return length;
}

/** @param offset -1 = the file's own; O_APPEND goes before either */
export function writeContent(
  core: Core,
  tid: number,
  file: OpenFile,
  from: Spans,
  skip: number,
  offset: number,
): number {
  const { inode } = file;
  const cell = servedBy(core, inode);
  let error = cell.stat(inode, core.here);
  if (error !== 0) return error;
  const { size, mode } = core.here;
  let at = offset < 0 ? file.offset : offset;
  if ((file.flags & O_APPEND) !== 0) at = size;
  let count = from.total - skip;
  if (count <= 0) return 0;

  const limit = Math.min(sizeLimit(core, tid), MAX_FILE_SIZE);
  if (at >= limit) return -EFBIG;
  count = sealed(core, inode, size, at, Math.min(count, limit - at));
  if (count < 0) return count;
  const plain = withoutSetIds(mode);
  if (plain !== mode && !core.kernel.process.capable(tid, CAP_FSETID)) {
    error = cell.setAttributes(inode, { mode: plain & S_IALLUGO });
    if (error !== 0) return error;
  }
  const capabilities = cell.capabilities(superblockOf(inode));
  if ((capabilities & FS_PAGED) === 0) {
    count = cell.write(tid, inode, at, tailOf(core, from, skip));
  } else {
    const steps = (capabilities & FS_STEPS) !== 0;
    const wanted = steps ? Math.min(count, FS_STEP - (at % PAGE_SIZE)) : count;
    count = writePages(core, inode, size, at, wanted, from, skip);
    if (lacksRoom(count)) count = makeRoom(core, wanted, count);
    if (count === ROOM) count = writePages(core, inode, size, at, wanted, from, skip);
    if (count <= 0) return count;
    error = cell.written(inode, at, count);
    while (steps && error === -ENOSPC && count > 1) {
      // What is left of the disk may have room for a part.
      count = Math.ceil(count / 2);
      error = cell.written(inode, at, count);
    }
    if (error !== 0) {
      if (error !== WAIT) forgetBeyond(core, inode, size);
      return error;
    }
    if (count < wanted) forgetBeyond(core, inode, Math.max(size, at + count));
  }
  if (count > 0 && offset < 0) file.offset = at + count;
  return count;
}

/** What seals leave of a write: page by page, each within the file's size if it may not grow. @returns bytes or -EPERM */
function sealed(core: Core, inode: number, size: number, at: number, count: number): number {
  if (forbidsWriting(core, inode)) return -EPERM;
  if (at + count <= size || !forbidsGrowing(core, inode)) return count;
  const whole = size - (size % PAGE_SIZE);
  return whole > at ? whole - at : -EPERM;
}

function writePages(
  core: Core,
  inode: number,
  size: number,
  at: number,
  count: number,
  from: Spans,
  skip: number,
): number {
  const first = pageOf(at);
  const last = pageOf(at + count - 1);
  // Only these two can be covered in part, and so need what they held before.
  const head = framePart(core, inode, first, size, at, count);
  if (head < 0) return head;
  const foot = last === first ? head : framePart(core, inode, last, size, at, count);
  if (foot < 0 && foot !== -ENOMEM) return foot;
  if (at > size) zeroTail(core, inode, size);

  let done = 0;
  for (let index = first; index <= last; index++) {
    const within = index === first ? at & (PAGE_SIZE - 1) : 0;
    const part = Math.min(PAGE_SIZE - within, count - done);
    const frame = frameFor(core, inode, index, size, part);
    if (frame < 0) return done > 0 ? done : frame;
    copySpansToPhysical(core.kernel, from, skip + done, frame * PAGE_SIZE + within, part);
    done += part;
  }
  return done;
}

/** Fetch a page that the write covers in part. @returns its frame, 0 if it is covered in full, -errno or WAIT */
function framePart(
  core: Core,
  inode: number,
  index: number,
  size: number,
  at: number,
  count: number,
): number {
  const start = index * PAGE_SIZE;
  if (at <= start && at + count >= start + PAGE_SIZE) return 0;
  return frameFor(core, inode, index, size, 0);
}

/** The frame of a page to write to. @param part bytes that will be written; a whole page needs no content */
function frameFor(core: Core, inode: number, index: number, size: number, part: number): number {
  const { kernel } = core;
  const present = kernel.pagecache.find(inode, index);
  if (present !== 0) return present;
  // What is left is for programs: files alone must not bring the killer on.
  if (kernel.frames.free() <= kernel.frames.total() / KEPT_FROM_FILES) return -ENOSPC;
  const whole = part === PAGE_SIZE;
  if (!whole && index * PAGE_SIZE < size) return kernel.pagecache.get(inode, index, true);
  const frame = kernel.frames.alloc(!whole, 0);
  if (frame === 0) return -ENOMEM;
  kernel.pagecache.insert(inode, index, frame);
  kernel.frames.unref(frame);
  return frame;
}

/** Zero what the cache holds of the last page behind the end of the file. */
function zeroTail(core: Core, inode: number, size: number): void {
  const within = size % PAGE_SIZE;
  if (within === 0) return;
  const frame = core.kernel.pagecache.find(inode, pageOf(size));
  if (frame !== 0) zeroPhysical(core.kernel, frame * PAGE_SIZE + within, PAGE_SIZE - within);
}

/** A write was refused: nothing of it may appear when the file grows later. */
function forgetBeyond(core: Core, inode: number, size: number): void {
  core.kernel.pagecache.truncate(inode, Math.ceil(size / PAGE_SIZE));
  zeroTail(core, inode, size);
}

/** Change the size of a regular file from `before`. @returns 0, -errno or WAIT */
export function resize(core: Core, inode: number, before: number, size: number): number {
  if (size > MAX_FILE_SIZE) return -EFBIG;
  if (forbidsResizing(core, inode, before, size)) return -EPERM;
  const error = servedBy(core, inode).setAttributes(inode, { size });
  if (error !== 0) return error;
  if (size < before) core.kernel.vm.truncated(inode, Math.ceil(size / PAGE_SIZE));
  zeroTail(core, inode, Math.min(size, before));
  return 0;
}

/** fallocate(2). Space is never reserved; ranges are zeroed where asked. */
export function allocate(
  core: Core,
  tid: number,
  file: OpenFile,
  mode: number,
  offset: number,
  length: number,
): number {
  const { inode } = file;
  const cell = servedBy(core, inode);
  if ((cell.capabilities(superblockOf(inode)) & FS_PAGED) === 0) return -EOPNOTSUPP;
  const keepSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  const kind = mode & ~FALLOC_FL_KEEP_SIZE;
  if (offset + length > MAX_FILE_SIZE) return -EFBIG;
  if (kind !== 0 && kind !== FALLOC_FL_PUNCH_HOLE && kind !== FALLOC_FL_ZERO_RANGE) return -EOPNOTSUPP;
  if (kind !== 0 && (cell.capabilities(superblockOf(inode)) & FS_STEPS) !== 0) return -EOPNOTSUPP;
  let error = cell.stat(inode, core.here);
  if (error !== 0) return error;
  const { size } = core.here;
  const end = offset + length;
  if (kind !== 0 && forbidsWriting(core, inode)) return -EPERM;
  if (end > size && kind === 0 && forbidsGrowing(core, inode)) return -EPERM;
  const grows = !keepSize && end > size;
  if (grows && end > sizeLimit(core, tid)) return -EFBIG;
  if (kind !== 0) {
    error = zeroRange(core, inode, offset, Math.min(end, size));
    if (error !== 0) return error;
  }
  return grows ? resize(core, inode, size, end) : 0;
}

/** madvise(2), MADV_REMOVE. */
export function punch(core: Core, inode: number, offset: number, length: number): number {
  const cell = servedBy(core, inode);
  const capabilities = cell.capabilities(superblockOf(inode));
  if ((capabilities & FS_PAGED) === 0 || (capabilities & FS_STEPS) !== 0) return -EOPNOTSUPP;
  const error = cell.stat(inode, core.here);
  if (error !== 0) return error;
  if (forbidsWriting(core, inode)) return -EPERM;
  return zeroRange(core, inode, offset, Math.min(offset + length, core.here.size));
}

/** Bytes that one call zeroes: a sparse file has more pages than can be gone through in one kernel entry. */
const MOST_ZEROED = 0x1_0000_0000;

function zeroRange(core: Core, inode: number, start: number, end: number): number {
  if (start >= end) return 0;
  if (end - start > MOST_ZEROED) return -EOPNOTSUPP;
  for (let index = pageOf(start); index <= pageOf(end - 1); index++) {
    const frame = core.kernel.pagecache.get(inode, index, false);
    if (frame < 0) return frame;
    if (frame === 0) continue;
    const from = Math.max(start, index * PAGE_SIZE);
    const to = Math.min(end, (index + 1) * PAGE_SIZE);
    zeroPhysical(core.kernel, frame * PAGE_SIZE + (from % PAGE_SIZE), to - from);
  }
  return servedBy(core, inode).written(inode, start, end - start);
}
