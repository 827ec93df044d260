/**
 * Where a translation is to begin, given an address that was seen to be hot.
 *
 * A loop is best translated with the function around it, so that it is nested as it was written. Where functions begin nothing
 * says; what is found here is a guess, and a wrong one costs speed alone.
 */
import { type Block, discover, type ReadCode } from './discover.ts';

const RET_SHORT = 0x8082;
const RET_LOW = 0x8067;
const NOP_SHORT = 0x0001;
/** How far before a loop its function is looked for, in bytes. */
const SEARCH = 16384;
/** How many beginnings are looked at. */
const TRIES = 16;

/** True if a function may begin at `pc`: control does not come from before. */
const beginsAfterReturn = (read: ReadCode, pc: number): boolean =>
  read(pc - 2) === RET_SHORT || (read(pc - 4) === RET_LOW && read(pc - 2) === 0);

/** True if `pc` makes room on the stack: `addi sp, sp, -n`, in one of its three forms. */
function isPrologue(read: ReadCode, pc: number): boolean {
  const low = read(pc);
  const short = low & 0xff83;
  if (short === 0x1101 || short === 0x7101) return true;
  const high = read(pc + 2);
  return low === 0x0113 && high >= 0x8000 && (high & 0xf) === 1;
}

/** Where a hot address belongs. */
export interface Home {
  readonly root: number;
  /** The address is reached from there only by an indirect jump, if at all. */
  readonly isTarget: boolean;
}

const jumpsIndirectly = ({ end }: Block): boolean => end.kind === 'indirect' && !end.isReturn;

/** The function that an address is in. @param called known targets of calls */
export function functionAround(read: ReadCode, pc: number, called: ReadonlySet<number>): Home {
  const behindReturns: number[] = [];
  let around: number | null = null;
  let tries = 0;
  for (let at = pc; at > pc - SEARCH && tries < TRIES && read(at) >= 0; at -= 2) {
    if (!called.has(at) && !isPrologue(read, at)) {
      if (beginsAfterReturn(read, at)) behindReturns.push(at);
      continue;
    }
    if (at === pc) return { root: pc, isTarget: false };
    tries++;
    const blocks = discover(read, at);
    if (blocks.some(({ start }) => start === pc)) return { root: at, isTarget: false };
    if (around !== null || !blocks.some(jumpsIndirectly)) continue;
    if (blocks.some(({ start }) => start > pc)) around = at;
  }
  if (around !== null) return { root: around, isTarget: true };
  for (const at of behindReturns) {
    let start = at;
    while (read(start) === NOP_SHORT) start += 2;
    if (start > pc) continue;
    if (start === pc || discover(read, start).some((block) => block.start === pc))
      return { root: start, isTarget: false };
    if (++tries >= 2 * TRIES) break;
  }
  return { root: pc, isTarget: false };
}
