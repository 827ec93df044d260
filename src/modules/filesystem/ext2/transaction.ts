/**
 * A transaction: one operation's view of the disk, whose changes are made together or not at all.
 *
 * Reads see the buffer cache. Where a block is not there, or makes no sense, the operation is left by a throw of `Stop`, which
 * never leaves this module: what it answers is WAIT or -errno. Changed units are copies until `commit`, so that an operation
 * that stops half way has changed nothing and can be run again.
 */
import { EUCLEAN } from '../../../abi/linux/errno.ts';
import { UNIT } from '../../../contracts/buffercache.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { copyToPhysical } from '../../../lib/spans.ts';
import type { Ext2Mount } from './state.ts';

/** How an operation ends before its end. */
export class Stop {
  readonly answer: number;
  constructor(answer: number) {
    this.answer = answer;
  }
}

/** Blocks that a group descriptor names, which do not change. */
export interface GroupPlaces {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly table: number;
}

export interface Transaction {
  readonly kernel: Kernel;
  readonly sb: number;
  readonly mount: Ext2Mount;
  /** By unit: its new content. Each is held in the buffer cache. */
  readonly changed: Map<number, Uint8Array>;
  /** Units read last, held so that views of them stay good. */
  readonly recent: number[];
  /** By group, as far as they were looked up. */
  readonly places: Map<number, GroupPlaces>;
  /** Added to the mount's counts at `commit`. */
  freeBlocks: number;
  freeInodes: number;
  /** Seconds since 1970. */
  readonly now: number;
}

export const begin = (kernel: Kernel, sb: number, mount: Ext2Mount): Transaction => ({
  kernel,
  sb,
  mount,
  changed: new Map(),
  recent: [],
  places: new Map(),
  freeBlocks: 0,
  freeInodes: 0,
  now: kernel.clock.realtimeSeconds(),
});

/** What is on the disk can not be. */
export function damaged(): never {
  throw new Stop(-EUCLEAN);
}

/** Views of so many units are good at a time. */
const MOST_RECENT = 16;

/**
 * A view of `length` bytes at a place of the disk, which lie in one unit. Good until the transaction changes them or reads
 * MOST_RECENT other units.
 */
export function readAt(tx: Transaction, at: number, length: number): Uint8Array {
  const unit = Math.floor(at / UNIT);
  const within = at % UNIT;
  const changed = tx.changed.get(unit);
  if (changed !== undefined) return changed.subarray(within, within + length);
  const frame = tx.kernel.buffercache.get(tx.mount.disk, unit);
  if (frame < 0) throw new Stop(frame);
  if (!tx.recent.includes(unit)) {
    tx.kernel.buffercache.hold(tx.mount.disk, unit);
    tx.recent.push(unit);
    if (tx.recent.length > MOST_RECENT)
      tx.kernel.buffercache.release(tx.mount.disk, tx.recent.shift() as number);
  }
  const start = frame * UNIT + within;
  return tx.kernel.machine.u8.subarray(start, start + length);
}

/** The same to write. */
export function changeAt(tx: Transaction, at: number, length: number): Uint8Array {
  const unit = Math.floor(at / UNIT);
  const within = at % UNIT;
  let changed = tx.changed.get(unit);
  if (changed === undefined) {
    changed = readAt(tx, unit * UNIT, UNIT).slice();
    tx.kernel.buffercache.hold(tx.mount.disk, unit);
    tx.changed.set(unit, changed);
  }
  return changed.subarray(within, within + length);
}

/** Throws unless a block is one that files may have. */
export function checkBlock(mount: Ext2Mount, block: number): number {
  return block > mount.firstDataBlock && block < mount.blocks ? block : damaged();
}

export const readBlock = (tx: Transaction, block: number): Uint8Array =>
  readAt(tx, block * tx.mount.blockSize, tx.mount.blockSize);

export const changeBlock = (tx: Transaction, block: number): Uint8Array =>
  changeAt(tx, block * tx.mount.blockSize, tx.mount.blockSize);

/** The same for one that is overwritten in full, so that a unit that it fills is not read. */
export function replaceBlock(tx: Transaction, block: number): Uint8Array {
  const { disk, blockSize } = tx.mount;
  const unit = Math.floor((block * blockSize) / UNIT);
  if (blockSize < UNIT || tx.changed.has(unit)) return changeBlock(tx, block);
  const frame = tx.kernel.buffercache.blank(disk, unit);
  if (frame < 0) throw new Stop(frame);
  tx.kernel.buffercache.hold(disk, unit);
  const changed = new Uint8Array(UNIT);
  tx.changed.set(unit, changed);
  return changed;
}

/** Let go of what is held; nothing was changed. */
export function abort(tx: Transaction): void {
  for (const unit of tx.changed.keys()) tx.kernel.buffercache.release(tx.mount.disk, unit);
  for (const unit of tx.recent) tx.kernel.buffercache.release(tx.mount.disk, unit);
  tx.changed.clear();
  tx.recent.length = 0;
}

/** Make the changes. */
export function commit(tx: Transaction): void {
  const { kernel, mount } = tx;
  const { buffercache } = kernel;
  for (const [unit, bytes] of tx.changed) {
    // It is held, so that it is there; `blank` gives it whether it was read or not.
    const frame = buffercache.blank(mount.disk, unit);
    copyToPhysical(kernel, bytes, 0, frame * UNIT, UNIT);
    buffercache.changed(mount.disk, unit);
  }
  mount.freeBlocks += tx.freeBlocks;
  mount.freeInodes += tx.freeInodes;
  if (tx.freeBlocks !== 0 || tx.freeInodes !== 0) mount.countsChanged = true;
  abort(tx);
}

export const get16 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
export const get32 = (bytes: Uint8Array, at: number): number =>
  (get16(bytes, at) | (get16(bytes, at + 2) << 16)) >>> 0;
export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >>> 8) & 0xff;
}
export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value & 0xffff);
  put16(bytes, at + 2, value >>> 16);
}
