/**
 * What a region was translated from, as plain data: so that the same code is known when it is met again.
 */
import type { Block, Instruction } from './discover.ts';

export interface Listing {
  readonly root: number;
  /** By instruction: its address less that of the root, and its bits. */
  readonly at: Int32Array;
  readonly bits: Uint32Array;
  /** So many of them are its own; the others are of functions that it calls (inline.ts). */
  readonly own: number;
  /** Targets of its calls. */
  readonly called: readonly number[];
  /** It has indirect jumps that are no returns. */
  readonly hasJumps: boolean;
}

const LONG = 3;

/** @param code the halfword at each address */
export function listingOf(
  root: number,
  blocks: readonly Block[],
  code: ReadonlyMap<number, number>,
): Listing {
  const own = blocks.flatMap((block) => (block.isInlined === true ? [] : block.code));
  const others = new Map<number, Instruction>();
  for (const { isInlined, code: copied } of blocks)
    if (isInlined === true) for (const one of copied) others.set(one.pc, one);
  const instructions = [...own, ...others.values()];
  const bitsAt = (pc: number): number => {
    const low = code.get(pc) as number;
    return (low & LONG) === LONG ? low + (code.get(pc + 2) as number) * 0x10000 : low;
  };
  return {
    root,
    at: Int32Array.from(instructions, ({ pc }) => pc - root),
    bits: Uint32Array.from(instructions, ({ pc }) => bitsAt(pc)),
    own: own.length,
    called: instructions.flatMap(({ pc, decoded: { row, operands } }) =>
      row.semantics.kind === 'jal' && operands.rd !== 0 ? [pc + operands.imm] : [],
    ),
    hasJumps: blocks.some(({ end }) => end.kind === 'indirect' && !end.isReturn),
  };
}

/** Addresses of all instructions, and of the second halves of those that may lie on two pages. */
export function* addressesOf({ root, at, bits }: Listing, pageSize: number): Generator<number> {
  for (let i = 0; i < at.length; i++) {
    const pc = root + (at[i] as number);
    yield pc;
    if (((bits[i] as number) & LONG) === LONG && pc % pageSize === pageSize - 2) yield pc + 2;
  }
}

/** True if that is what stands there. @param read the halfword at an address, -1 where there is none */
export function isSame({ root, at, bits }: Listing, read: (pc: number) => number): boolean {
  for (let i = 0; i < at.length; i++) {
    const pc = root + (at[i] as number);
    const word = bits[i] as number;
    if (read(pc) !== (word & 0xffff)) return false;
    if ((word & LONG) === LONG && read(pc + 2) !== word >>> 16) return false;
  }
  return true;
}
