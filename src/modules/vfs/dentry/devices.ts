/**
 * Character devices that the vfs serves itself: memory devices and the kernel log.
 *
 * Source: null(4), full(4), random(4). Device numbers as in Linux's devices.txt. Terminals are tty's.
 */
import { EAGAIN, EINVAL, ENOSPC } from '../../../abi/linux/errno.ts';
import { makeDevice } from '../../../abi/linux/stat.ts';
import type { Spans } from '../../../contracts/kernel.ts';
import { copyToSpans, zeroSpans } from '../../../lib/spans.ts';
import type { Core } from './core.ts';

const NULL: number = makeDevice(1, 3);
const ZERO: number = makeDevice(1, 5);
const FULL: number = makeDevice(1, 7);
const RANDOM: number = makeDevice(1, 8);
const URANDOM: number = makeDevice(1, 9);
const KMSG: number = makeDevice(1, 11);

const SERVED: ReadonlySet<number> = new Set([NULL, ZERO, FULL, RANDOM, URANDOM, KMSG]);

export const isServed = (device: number): boolean => SERVED.has(device);

/** Random bytes made at a time. */
const RANDOM_CHUNK = 4096;

function readRandom(core: Core, into: Spans): number {
  const bytes = new Uint8Array(Math.min(into.total, RANDOM_CHUNK));
  for (let done = 0; done < into.total; ) {
    const part = Math.min(bytes.length, into.total - done);
    core.kernel.host.random(part === bytes.length ? bytes : bytes.subarray(0, part));
    copyToSpans(core.kernel, bytes, 0, into, done, part);
    done += part;
  }
  return into.total;
}

export function readDevice(core: Core, device: number, into: Spans): number {
  switch (device) {
    case NULL:
      return 0;
    case ZERO:
    case FULL:
      zeroSpans(core.kernel, into, 0, into.total);
      return into.total;
    case RANDOM:
    case URANDOM:
      return readRandom(core, into);
    case KMSG:
      return -EAGAIN;
    default:
      return -EINVAL;
  }
}

export const writeDevice = (device: number, from: Spans, skip: number): number =>
  device === FULL ? -ENOSPC : from.total - skip;
