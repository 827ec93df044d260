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

/** True if a function may begin at `pc`: control does not come from before. */
const beginsAfterReturn = (read: ReadCode, pc: number): boolean =>
  read(pc - 2) === RET_SHORT || (read(pc - 4) === RET_LOW && read(pc - 2) === 0);

/** The nearest address before `pc` at which its function may begin, or `pc` itself. @param called known targets of calls */
export function functionAround(read: ReadCode, pc: number, called: ReadonlySet<number>): number {
  for (let at = pc; at > pc - SEARCH && read(at) >= 0; at -= 2) {
    if (!called.has(at) && !beginsAfterReturn(read, at)) continue;
    let start = at;
    while (read(start) === NOP_SHORT) start += 2;
    if (start === pc) return pc;
    if (start < pc && discover(read, start).some((block) => block.start === pc)) return start;
  }
  return pc;
}
