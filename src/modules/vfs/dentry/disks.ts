/**
 * Block devices as files: reading, writing and ioctl through the buffer cache.
 *
 * A call moves at most STEP bytes, so that what it holds fits the cache; its caller goes on. Nothing is moved before every unit
 * is there. What is written is durable after fsync(2). Source: lseek(2), linux/fs.h.
 */
import {
  BLKALIGNOFF,
  BLKBSZGET,
  BLKFLSBUF,
  BLKGETDISKSEQ,
  BLKGETSIZE,
  BLKGETSIZE64,
  BLKIOMIN,
  BLKIOOPT,
  BLKPBSZGET,
  BLKROGET,
  BLKSSZGET,
  GEOMETRY_SIZE,
  HDIO_GETGEO,
} from '../../../abi/linux/blkdev.ts';
import { EINVAL, EIO, ENOSPC, ENOTTY, ENXIO, EPERM } from '../../../abi/linux/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../../abi/linux/fcntl.ts';
import { deviceMajor, deviceMinor } from '../../../abi/linux/stat.ts';
import { type Disk, DISK_MAJOR, SECTOR } from '../../../contracts/block.ts';
import { UNIT } from '../../../contracts/buffercache.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { copyPhysicalToSpans, copySpansToPhysical } from '../../../lib/spans.ts';
import type { Core } from './core.ts';

const STEP = 65536;
/** What Linux says of a disk that has no geometry: heads and sectors a track. */
const HEADS = 64;
const SECTORS_A_TRACK = 32;

/** The disk of a device number, or 0. */
export function diskOfDevice(core: Core, device: number): number {
  const id = deviceMajor(device) === DISK_MAJOR ? deviceMinor(device) : 0;
  return core.kernel.block.disk(id) === null ? 0 : id;
}

const diskOf = (core: Core, file: OpenFile): Readonly<Disk> | null => core.kernel.block.disk(file.object);
const bytesOf = (disk: Readonly<Disk>): number => disk.sectors * SECTOR;

/** Have the units of [at, at + count) in the cache and hold them. @returns 0, or WAIT or -errno, and then none is held */
function holdAll(core: Core, disk: number, at: number, count: number, write: boolean): number {
  const { buffercache } = core.kernel;
  const first = Math.floor(at / UNIT);
  const last = Math.floor((at + count - 1) / UNIT);
  if (!write) buffercache.prefetch(disk, first, last - first + 1);
  for (let unit = first; unit <= last; unit++) {
    const whole = write && at <= unit * UNIT && at + count >= (unit + 1) * UNIT;
    const frame = whole ? buffercache.blank(disk, unit) : buffercache.get(disk, unit);
    if (frame > 0) {
      buffercache.hold(disk, unit);
      continue;
    }
    for (let held = first; held < unit; held++) buffercache.release(disk, held);
    return frame;
  }
  return 0;
}

/** Move what `holdAll` has. */
function move(
  core: Core,
  disk: number,
  at: number,
  count: number,
  buffer: Spans,
  skip: number,
  write: boolean,
): void {
  const { kernel } = core;
  const { buffercache } = kernel;
  for (let done = 0; done < count; ) {
    const unit = Math.floor((at + done) / UNIT);
    const within = (at + done) % UNIT;
    const part = Math.min(UNIT - within, count - done);
    const whole = write && part === UNIT;
    const frame = whole ? buffercache.blank(disk, unit) : buffercache.get(disk, unit);
    if (write) {
      copySpansToPhysical(kernel, buffer, skip + done, frame * UNIT + within, part);
      buffercache.changed(disk, unit);
    } else {
      copyPhysicalToSpans(kernel, frame * UNIT + within, buffer, done, part);
    }
    buffercache.release(disk, unit);
    done += part;
  }
}

/** @param offset -1 = the file's own */
export function readDisk(core: Core, file: OpenFile, into: Spans, offset: number): number {
  const disk = diskOf(core, file);
  if (disk === null) return -ENXIO;
  const at = offset < 0 ? file.offset : offset;
  const count = Math.min(into.total, bytesOf(disk) - at, STEP);
  if (count <= 0) return 0;
  const error = holdAll(core, disk.id, at, count, false);
  if (error !== 0) return error;
  move(core, disk.id, at, count, into, 0, false);
  if (offset < 0) file.offset = at + count;
  return count;
}

export function writeDisk(core: Core, file: OpenFile, from: Spans, skip: number, offset: number): number {
  const disk = diskOf(core, file);
  if (disk === null) return -ENXIO;
  if (disk.readOnly) return -EPERM;
  const at = offset < 0 ? file.offset : offset;
  if (from.total === skip) return 0;
  const count = Math.min(from.total - skip, bytesOf(disk) - at, STEP);
  if (count <= 0) return -ENOSPC;
  const error = holdAll(core, disk.id, at, count, true);
  if (error !== 0) return error;
  move(core, disk.id, at, count, from, skip, true);
  if (offset < 0) file.offset = at + count;
  return count;
}

export function seekDisk(core: Core, file: OpenFile, offset: number, whence: number): number {
  const disk = diskOf(core, file);
  if (disk === null) return -ENXIO;
  let to = offset;
  if (whence === SEEK_CUR) to += file.offset;
  else if (whence === SEEK_END) to += bytesOf(disk);
  else if (whence !== SEEK_SET) return -EINVAL;
  if (to < 0 || to > bytesOf(disk)) return -EINVAL;
  file.offset = to;
  return to;
}

/** fsync(2). */
export const flushDisk = (core: Core, file: OpenFile): number =>
  diskOf(core, file) === null ? -EIO : core.kernel.buffercache.sync(file.object);

export function controlDisk(
  core: Core,
  tid: number,
  file: OpenFile,
  request: number,
  argument: number,
): number {
  const disk = diskOf(core, file);
  const { user, buffercache } = core.kernel;
  if (disk === null) return -ENXIO;
  switch (request) {
    case BLKGETSIZE64:
      return user.writeU64(tid, argument, bytesOf(disk));
    case BLKGETDISKSEQ:
      return user.writeU64(tid, argument, disk.id);
    case BLKGETSIZE:
      return user.writeU64(tid, argument, disk.sectors);
    case BLKSSZGET:
    case BLKPBSZGET:
    case BLKIOMIN:
      return user.writeU32(tid, argument, SECTOR);
    case BLKIOOPT:
    case BLKALIGNOFF:
      return user.writeU32(tid, argument, 0);
    case BLKBSZGET:
      return user.writeU32(tid, argument, UNIT);
    case BLKROGET:
      return user.writeU32(tid, argument, disk.readOnly ? 1 : 0);
    case HDIO_GETGEO: {
      const cylinders = Math.floor(disk.sectors / (HEADS * SECTORS_A_TRACK)) & 0xffff;
      const geometry = new Uint8Array(GEOMETRY_SIZE);
      geometry.set([HEADS, SECTORS_A_TRACK, cylinders & 0xff, cylinders >>> 8]);
      return user.write(tid, argument, geometry);
    }
    case BLKFLSBUF: {
      const error = buffercache.sync(disk.id);
      if (error === 0) buffercache.drop(disk.id);
      return error;
    }
    default:
      return -ENOTTY;
  }
}
