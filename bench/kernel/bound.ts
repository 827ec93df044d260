/**
 * Slots bound once, at boot: what calls between modules would cost if no module could ever be replaced.
 *
 * For the bench alone. `bind.ts` builds a kernel in which `kernel.SLOT` is one of these constants, so that the host's
 * compiler knows each operation for what it is, as it would a function that was imported.
 */
import type { Kernel } from '../../src/contracts/kernel.ts';

export const engine = {} as Kernel['engine'];
export const frames = {} as Kernel['frames'];
export const pmap = {} as Kernel['pmap'];
export const clock = {} as Kernel['clock'];
export const scheduler = {} as Kernel['scheduler'];
export const process = {} as Kernel['process'];
export const pagecache = {} as Kernel['pagecache'];
export const vm = {} as Kernel['vm'];
export const ipc = {} as Kernel['ipc'];
export const net = {} as Kernel['net'];
export const tty = {} as Kernel['tty'];
export const block = {} as Kernel['block'];
export const buffercache = {} as Kernel['buffercache'];
export const vfs = {} as Kernel['vfs'];
export const abi = {} as Kernel['abi'];

const SLOTS: Readonly<Record<string, object>> = {
  engine,
  frames,
  pmap,
  clock,
  scheduler,
  process,
  pagecache,
  vm,
  ipc,
  net,
  tty,
  block,
  buffercache,
  vfs,
  abi,
};

/** Once for each slot. File systems are found by their type in any kernel, and stay as they are. */
export function bind(slot: string, operations: object): void {
  const own = SLOTS[slot];
  if (own === undefined) return;
  if (Object.keys(own).length > 0) throw new Error(`slot ${slot} is bound already`);
  Object.assign(own, operations);
  // V8 keeps what is a prototype in the form that it reads fastest.
  Object.create(own);
}
