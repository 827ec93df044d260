/**
 * Finds what to translate: from a root, all code that control reaches without leaving the function.
 *
 * Reads instructions by virtual address; knows no semantics beyond where control goes. A region is a list of basic blocks, the
 * first of which is the root's.
 */
import { type Decoded, decode, isLong } from '../../../machine/isa/decode.ts';
import type { Semantics } from '../../../machine/isa/semantics.ts';
import type { Door } from './entries.ts';
import type { Turns } from './unroll.ts';

/** Reads code. @returns the halfword at an address, or -1 where none may be executed */
export type ReadCode = (pc: number) => number;

export interface Instruction {
  readonly pc: number;
  readonly decoded: Decoded;
  /** A call whose function is put in its place (inline.ts): it writes the link, and that is all. */
  readonly isReplaced?: boolean;
  /** A jump to a function that returns there (inline.ts): a call. */
  readonly returnsTo?: number;
}

/** How a block ends. Addresses that no block of the region starts at are left by. */
export type End =
  /** On to `next`; no instruction. */
  | { readonly kind: 'fall'; readonly next: number }
  /** A branch, the last instruction: to `taken` or to `next`. */
  | { readonly kind: 'branch'; readonly taken: number; readonly next: number }
  /** A direct jump, the last instruction. */
  | { readonly kind: 'jump'; readonly to: number }
  /** A jump through a register, the last instruction. One that is no return may go on within the region. */
  | { readonly kind: 'indirect'; readonly isReturn: boolean }
  /** A call, the last instruction, to a copy of the function at `to`. */
  | { readonly kind: 'call'; readonly to: number }
  /** The return of such a copy, the last instruction: to `back`, if that is where it goes. */
  | { readonly kind: 'return'; readonly back: number }
  /** The jump of a stub, the last instruction: to another function. */
  | { readonly kind: 'stub' }
  /** Not code: what all indirect jumps that stay in the region go by, to one of `targets`. */
  | { readonly kind: 'dispatch'; readonly targets: readonly number[] }
  /** Not code: on to one of `cases`, by which way in is being taken, and otherwise to `other`. */
  | {
      readonly kind: 'gate';
      readonly cases: ReadonlyMap<number, readonly Door[]>;
      readonly other: number;
    }
  /** Not code: on to `many`, the first of some turns of a loop, if nothing can stop them, else to `one`. */
  | { readonly kind: 'turns'; readonly turns: Turns; readonly many: number; readonly one: number }
  /** The instruction at `pc` is not translated; perhaps it is an ecall. */
  | { readonly kind: 'leave'; readonly pc: number; readonly isEcall: boolean };

/** Where the block that dispatches indirect jumps begins: no address of code. */
export const DISPATCH = -1;

export interface Block {
  readonly start: number;
  readonly code: readonly Instruction[];
  readonly end: End;
  /** It is a copy for a way in of the block that starts there (entries.ts). */
  readonly copyOf?: number;
  /** It is of a copy of another function (inline.ts). */
  readonly isInlined?: boolean;
  /** It is of a copy of these (unroll.ts). */
  readonly turns?: Turns;
  /** The start of the block that it is a copy of. */
  readonly original?: number;
  /** Where it goes in place of blocks that its end names, by their addresses (split.ts). */
  readonly redirect?: ReadonlyMap<number, number> | undefined;
}

const NO_STOPS: ReadonlySet<number> = new Set();
/** Most instructions of a region, and of a block: the exit code has 12 bits for the latter. */
export const REGION_MOST = 2000;
const BLOCK_MOST = 512;

/** How far from its root a region reaches: an exit names an instruction by 19 bits and a sign. */
export const REACH: number = 1 << 18;
const RM_LAST = 4;
export const CSR_FFLAGS = 1;
export const CSR_FRM = 2;
export const CSR_FCSR = 3;
const RA = 1;
const T0 = 5;

const TRANSLATED: ReadonlySet<Semantics['kind']> = new Set([
  'integer',
  'load',
  'store',
  'branch',
  'jal',
  'jalr',
  'amo',
  'float',
  'fence',
] as const);

/** True if an instruction is carried out by translated code, at least where its fast path holds. */
function isTranslated({ row, operands }: Decoded): boolean {
  const { semantics } = row;
  if (semantics.kind === 'csr') return operands.imm >= CSR_FFLAGS && operands.imm <= CSR_FCSR;
  if (!TRANSLATED.has(semantics.kind)) return false;
  if (semantics.kind !== 'float') return true;
  if (semantics.fast === null) return false;
  const { rm } = operands;
  switch (semantics.fast.when) {
    case 'always':
      return rm <= RM_LAST;
    case 'rtz':
      return rm === 1;
    case 'rne':
      return rm === 0 || rm === 7;
  }
}

/** The instruction at `pc`, or null. */
function readInstruction(read: ReadCode, pc: number): Decoded | null {
  const low = read(pc);
  if (low < 0) return null;
  if (!isLong(low)) return decode(low);
  const high = read(pc + 2);
  return high < 0 ? null : decode(low | (high << 16));
}

const linkOf = ({ operands }: Decoded): number => operands.rd;

/**
 * True for a jump through a register that is no call. A link in another register than those of the hint for return-address stacks (x1 and
 * x5) is that of a stub, which tells a linker by it where it was: what it jumps to returns to its caller.
 * Source: RISC-V Unprivileged ISA, "Unconditional Jumps"; RISC-V ELF psABI, "Procedure Linkage Table".
 */
export const isJump = (decoded: Decoded): boolean =>
  decoded.row.semantics.kind === 'jalr' && linkOf(decoded) !== RA && linkOf(decoded) !== T0;

/** True for a call of what its code names. */
export const isDirectCall = (decoded: Decoded): boolean =>
  decoded.row.semantics.kind === 'jal' && linkOf(decoded) === RA;

/**
 * All blocks that are reached from `root`, its own first; none if nothing can be translated there.
 * @param most instructions @param stops addresses at which the region ends, its root excepted
 * @param targets where its indirect jumps were seen to go @param leading where blocks begin, if they are reached
 */
export function discover(
  read: ReadCode,
  root: number,
  most: number = REGION_MOST,
  stops: { has(pc: number): boolean } = NO_STOPS,
  targets: readonly number[] = [],
  leading: ReadonlySet<number> = NO_STOPS,
): Block[] {
  const known = new Map<number, Decoded>();
  const leaders = new Set<number>([root]);
  const work = [root];
  for (const pc of targets) if (Math.abs(pc - root) <= REACH) leaders.add(pc);
  const stopped = new Set<number>();
  const ecalls = new Set<number>();
  let count = 0;
  const lead = (pc: number): void => {
    if (leaders.has(pc) || Math.abs(pc - root) > REACH) return;
    leaders.add(pc);
    work.push(pc);
  };
  // What is reached by indirect jumps alone comes last, so that it is what a full region leaves out.
  const later = targets.filter((pc) => leaders.has(pc));
  while (work.length > 0 || later.length > 0) {
    let pc = (work.shift() ?? later.shift()) as number;
    let isEnded = false;
    while (!known.has(pc) && (pc === root || !stops.has(pc))) {
      if (count >= most) {
        // The rest is another region's.
        stopped.add(pc);
        break;
      }
      const decoded = readInstruction(read, pc);
      if (decoded?.row.semantics.kind === 'ecall') ecalls.add(pc);
      if (decoded === null || !isTranslated(decoded)) break;
      known.set(pc, decoded);
      count++;
      const { kind } = decoded.row.semantics;
      const next = pc + decoded.length;
      if (kind === 'branch') {
        lead(pc + decoded.operands.imm);
        lead(next);
        isEnded = true;
        break;
      }
      if (kind === 'jal' && linkOf(decoded) === 0) {
        lead(pc + decoded.operands.imm);
        isEnded = true;
        break;
      }
      if (isJump(decoded)) {
        isEnded = true;
        break;
      }
      pc = next;
    }
    if (isEnded) continue;
    if (known.has(pc)) leaders.add(pc);
    else if (stops.has(pc)) stopped.add(pc);
  }
  for (const pc of leading) if (known.has(pc)) leaders.add(pc);
  const blocks = [...leaders]
    .filter((pc) => known.has(pc))
    .map((pc) => blockAt(pc, known, leaders, stopped, ecalls));
  if (!known.has(root)) return [];
  const inside = targets.filter((pc) => known.has(pc));
  if (inside.length > 0 && blocks.some(({ end }) => end.kind === 'indirect' && !end.isReturn)) {
    const dispatch: Block = { start: DISPATCH, code: [], end: { kind: 'dispatch', targets: inside } };
    return [blocks[0] as Block, dispatch, ...blocks.slice(1)];
  }
  return blocks;
}

function blockAt(
  start: number,
  known: ReadonlyMap<number, Decoded>,
  leaders: ReadonlySet<number>,
  stopped: ReadonlySet<number>,
  ecalls: ReadonlySet<number>,
): Block {
  const code: Instruction[] = [];
  let pc = start;
  for (;;) {
    const decoded = known.get(pc);
    if (decoded === undefined) {
      if (stopped.has(pc)) return { start, code, end: { kind: 'fall', next: pc } };
      return { start, code, end: { kind: 'leave', pc, isEcall: ecalls.has(pc) } };
    }
    if (code.length > 0 && (leaders.has(pc) || code.length >= BLOCK_MOST)) {
      if (leaders.has(pc)) return { start, code, end: { kind: 'fall', next: pc } };
      return { start, code, end: { kind: 'leave', pc, isEcall: false } };
    }
    code.push({ pc, decoded });
    const { kind } = decoded.row.semantics;
    const { imm } = decoded.operands;
    const next = pc + decoded.length;
    if (kind === 'branch') return { start, code, end: { kind: 'branch', taken: pc + imm, next } };
    if (kind === 'jal' && linkOf(decoded) === 0) return { start, code, end: { kind: 'jump', to: pc + imm } };
    if (isJump(decoded)) {
      if (linkOf(decoded) !== 0) return { start, code, end: { kind: 'stub' } };
      const isReturn = decoded.operands.rs1 === RA;
      return { start, code, end: { kind: 'indirect', isReturn } };
    }
    pc = next;
  }
}
