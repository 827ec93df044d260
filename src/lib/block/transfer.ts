/**
 * Moving sectors between frames and what a disk is stored in: a file of the host, or frames of its own.
 *
 * Holds no state but what the disk's record has. A host file is read and written at positions, and never grows.
 */
import { EIO, ENOSPC } from '../../abi/linux/errno.ts';
import { type BlockRequest, type Disk, SECTOR, SECTORS_PER_FRAME } from '../../contracts/block.ts';
import type { HostResult } from '../../contracts/host.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { PAGE_SIZE } from '../../machine/layout.ts';
import { copyToPhysical, wrote } from '../spans.ts';

const OWNER = 'block';

/** Call `each` with every frame of a request: its physical address, how many bytes, and how far they are from the start. */
function eachFrame(
  request: BlockRequest,
  each: (address: number, count: number, at: number) => number,
): number {
  const bytes = request.sectors * SECTOR;
  for (let i = 0; i < request.frames.length; i++) {
    const at = i * PAGE_SIZE;
    const error = each((request.frames[i] as number) * PAGE_SIZE, Math.min(PAGE_SIZE, bytes - at), at);
    if (error !== 0) return error;
  }
  return 0;
}

/** Sectors are moved one run within a stored frame at a time, for a request need not begin where a frame does. */
function moveRam(kernel: Kernel, disk: Disk, request: BlockRequest): number {
  const { u8 } = kernel.machine;
  const base = request.sector * SECTOR;
  return eachFrame(request, (address, count, at) => {
    for (let done = 0; done < count; ) {
      const position = base + at + done;
      const within = position % PAGE_SIZE;
      const part = Math.min(PAGE_SIZE - within, count - done);
      const index = Math.floor(position / PAGE_SIZE);
      let frame = disk.frames.get(index) ?? 0;
      if (request.kind === 'write') {
        if (frame === 0) {
          frame = kernel.frames.alloc(true, 0);
          if (frame === 0) return -ENOSPC;
          disk.frames.set(index, frame);
        }
        u8.copyWithin(frame * PAGE_SIZE + within, address + done, address + done + part);
      } else {
        if (frame === 0) u8.fill(0, address + done, address + done + part);
        else u8.copyWithin(address + done, frame * PAGE_SIZE + within, frame * PAGE_SIZE + within + part);
        wrote(kernel, address + done, part);
      }
      done += part;
    }
    return 0;
  });
}

/** Carry a request out, or ask the host to. @returns id of the host request, or 0 or -errno if it is done */
export function start(kernel: Kernel, disk: Disk, request: BlockRequest): number {
  const { kind, sector, sectors } = request;
  if (disk.store === 'ram') return kind === 'flush' ? 0 : moveRam(kernel, disk, request);
  const place = { grant: disk.grant, path: '' };
  if (kind === 'flush') return kernel.host.request(OWNER, { kind, ...place });
  const offset = sector * SECTOR;
  if (kind === 'read')
    return kernel.host.request(OWNER, { kind, ...place, offset, length: sectors * SECTOR });
  const bytes = new Uint8Array(sectors * SECTOR);
  eachFrame(request, (address, count, at) => {
    bytes.set(kernel.machine.u8.subarray(address, address + count), at);
    return 0;
  });
  return kernel.host.request(OWNER, { kind, ...place, offset, bytes });
}

/** The host has answered. @returns 0 or -errno */
export function takeResult(kernel: Kernel, request: BlockRequest, result: HostResult): number {
  if (result.errno !== 0 || request.kind !== 'read') return result.errno;
  const { bytes } = result;
  if (bytes === undefined || bytes.length < request.sectors * SECTOR) return -EIO;
  return eachFrame(request, (address, count, at) => {
    copyToPhysical(kernel, bytes, at, address, count);
    return 0;
  });
}

/** Sectors that lie in the frame with this index of a disk. */
export const sectorsOf = (disk: Readonly<Disk>, index: number): number =>
  Math.min(SECTORS_PER_FRAME, disk.sectors - index * SECTORS_PER_FRAME);
