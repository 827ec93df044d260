/**
 * Reading an archive where it lies: bytes of a disk through the buffer cache. Holds no state.
 */
import { EIO } from '../../../abi/linux/errno.ts';
import { SECTOR } from '../../../contracts/block.ts';
import { UNIT } from '../../../contracts/buffercache.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

/** Units read ahead of one that is asked for. */
const AHEAD = 8;

export const bytesOn = (kernel: Kernel, disk: number): number =>
  (kernel.block.disk(disk)?.sectors ?? 0) * SECTOR;

/**
 * Call `each` with the physical address, length and place of every piece of a range. Pieces that came before one that is not
 * there yet are told again. @returns 0, -EIO, -ENOMEM or WAIT
 */
export function eachPiece(
  kernel: Kernel,
  disk: number,
  at: number,
  length: number,
  each: (address: number, count: number, done: number) => void,
): number {
  const { buffercache } = kernel;
  if (at + length > bytesOn(kernel, disk)) return -EIO;
  buffercache.prefetch(disk, Math.floor(at / UNIT), Math.ceil(length / UNIT) + AHEAD);
  for (let done = 0; done < length; ) {
    const within = (at + done) % UNIT;
    const frame = buffercache.get(disk, Math.floor((at + done) / UNIT));
    if (frame < 0) return frame;
    const count = Math.min(UNIT - within, length - done);
    each(frame * UNIT + within, count, done);
    done += count;
  }
  return 0;
}

/** A copy of a range. @returns it, -EIO, -ENOMEM or WAIT */
export function bytesAt(kernel: Kernel, disk: number, at: number, length: number): Uint8Array | number {
  const result = new Uint8Array(length);
  const error = eachPiece(kernel, disk, at, length, (address, count, done) => {
    result.set(kernel.machine.u8.subarray(address, address + count), done);
  });
  return error === 0 ? result : error;
}
