/**
 * Rows of the system call table: how a call's arguments are decoded, and what a handler is.
 *
 * A raw register is a lo/hi pair; the row's argument kinds turn it into a number that is exact below 2^53, so that no
 * handler sees a raw one. Holds types, decoding and no state. Handlers live in `sys_*.ts`, one file a family.
 */
import type { SyscallRow } from '../../../contracts/abi.ts';
import type { Kernel } from '../../../contracts/kernel.ts';

/**
 * `int`: the low 32 bits, signed (int, pid_t, a descriptor that is only looked at). `fd`: the same, for a descriptor whose
 * open file the call goes on with while it waits, whoever closes the descriptor meanwhile. `uint`: the low 32 bits, unsigned (flags, mode_t, uid_t).
 * `ptr`: a user address; one above 2^47 becomes BAD_ADDRESS, which no operation accepts. `size`: 64 bits unsigned,
 * clamped to 2^53-1. `off`: 64 bits signed, clamped to +-(2^53-1).
 */
export type ArgumentKind = 'int' | 'fd' | 'uint' | 'ptr' | 'size' | 'off';

/** Lies in no address space, so that using it gives EFAULT. */
export const BAD_ADDRESS: number = Number.MAX_SAFE_INTEGER;

/**
 * Runs a call. @returns >= 0, -errno, WAIT, or NO_RESULT. No closure, allocation or BigInt on frequent calls.
 * When run again after WAIT it gets the same arguments; `kernel.waits.resumed` and `progress` tell the rest.
 */
export type Handler = (
  kernel: Kernel,
  tid: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
) => number;

export interface Row extends SyscallRow {
  readonly kinds: readonly ArgumentKind[];
  readonly run: Handler;
}

/** A row that behaves as its man page says. */
export const full = (number: number, name: string, kinds: readonly ArgumentKind[], run: Handler): Row => ({
  number,
  name,
  support: 'full',
  note: '',
  kinds,
  run,
});

/** A row with a gap that `note` names. */
export const partial = (
  number: number,
  name: string,
  kinds: readonly ArgumentKind[],
  run: Handler,
  note: string,
): Row => ({ number, name, support: 'partial', note, kinds, run });

/** Decode one argument from its register halves. */
export function decodeArgument(kind: ArgumentKind, low: number, high: number): number {
  switch (kind) {
    case 'int':
    case 'fd':
      return low | 0;
    case 'uint':
      return low >>> 0;
    case 'ptr':
      return high >>> 0 > 0x7fff ? BAD_ADDRESS : (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
    case 'size': {
      const value = (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
      return value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : value;
    }
    case 'off': {
      const value = (high | 0) * 0x1_0000_0000 + (low >>> 0);
      if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
      return value < -Number.MAX_SAFE_INTEGER ? -Number.MAX_SAFE_INTEGER : value;
    }
  }
}
