/**
 * Where a translation is to begin, given an address that was seen to be hot.
 *
 * A loop is best translated with the function around it, so that it is nested as it was written. Where functions begin nothing
 * says; what is found here is a guess, and a wrong one costs speed alone.
 */
import { discover, type ReadCode } from './discover.ts';

const RET_SHORT = 0x8082;
const RET_LOW = 0x8067;
const NOP_SHORT = 0x0001;
/** How far before a loop its function is looked for, in bytes. */
const SEARCH = 4096;
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

/** Addresses from `pc` down at which a function may begin: what is called or makes a frame comes before what merely follows a return. */
function* candidates(read: ReadCode, pc: number, called: ReadonlySet<number>): Generator<number> {
  const behindReturns: number[] = [];
  for (let at = pc; at > pc - SEARCH && read(at) >= 0; at -= 2) {
    if (called.has(at) || isPrologue(read, at)) yield at;
    else if (beginsAfterReturn(read, at)) behindReturns.push(at);
  }
  yield* behindReturns;
}

/** The address before `pc` at which its function may begin, or `pc` itself. @param called known targets of calls */
export function functionAround(read: ReadCode, pc: number, called: ReadonlySet<number>): number {
  let tries = 0;
  for (const at of candidates(read, pc, called)) {
    let start = at;
    while (read(start) === NOP_SHORT) start += 2;
    if (start === pc) return pc;
    if (start > pc) continue;
    if (discover(read, start).some((block) => block.start === pc)) return start;
    if (++tries === TRIES) break;
  }
  return pc;
}
