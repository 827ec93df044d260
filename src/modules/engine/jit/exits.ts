/**
 * Ways out of a translation in the middle of it: the registers that are dirty are stored, and the pc says where.
 *
 * Exits that can store the same set share their code: what may be stored, because its local is valid, is more than what must be.
 */
import { type I32, i32, i64 } from '../../../machine/wasm/expr.ts';
import {
  block,
  br,
  type Label,
  label,
  type Local,
  ret,
  type Stmt,
  whenRarely,
} from '../../../machine/wasm/stmt.ts';
import { REACH } from './discover.ts';
import { none, type Registers } from './registers.ts';

/** An exit is named by its distance, of REACH at most, from the root or from another address that is known for it, and the instructions that are not counted yet, in so many bits. */
const COUNT_BITS = 12;

/** What is in locals at a point: must be stored when it is left, and may be; and which of the x registers are in i32 locals. */
export interface Held {
  readonly dirty: Registers;
  readonly valid: Registers;
  readonly signed: number;
}

interface Exit {
  /** What the distance of an address is told from. */
  readonly base: number;
  /** Must be stored, and may be: their locals are valid. */
  readonly needs: Registers;
  readonly can: Registers;
  /** Which of the x registers that may be stored are in i32 locals. */
  signed: number;
  readonly label: Label;
}

export class Exits {
  readonly #root: number;
  readonly #at: Local<'i32'>;
  readonly #left: Local<'i32'>;
  readonly #exits: Exit[] = [];

  /** @param at scratch @param left what is left of the budget */
  constructor(root: number, at: Local<'i32'>, left: Local<'i32'>) {
    this.#root = root;
    this.#at = at;
    this.#left = left;
  }

  #baseOf(pc: number): number {
    return Math.abs(pc - this.#root) <= REACH ? this.#root : Math.floor(pc / REACH) * REACH;
  }

  /** Leave with the registers of a point stored, if the condition holds. @param count instructions retired that `left` does not know of */
  leaveIf(condition: I32, { dirty, valid, signed }: Held, pc: number, count: number): Stmt {
    const base = this.#baseOf(pc);
    let exit: Exit | undefined;
    for (const one of this.#exits) {
      if (one.base !== base) continue;
      const alike = ~(one.signed ^ signed);
      const lacksX = (one.needs.x | dirty.x) & ~(one.can.x & valid.x & alike);
      const lacksF = (one.needs.f | dirty.f) & ~(one.can.f & valid.f);
      if ((lacksX | lacksF) !== 0) continue;
      exit = one;
      break;
    }
    if (exit === undefined) {
      exit = { base, needs: none(), can: { ...valid }, signed, label: label('leave') };
      this.#exits.push(exit);
    }
    exit.needs.x |= dirty.x;
    exit.needs.f |= dirty.f;
    exit.can.x &= valid.x & ~(exit.signed ^ signed);
    exit.can.f &= valid.f;
    const code = ((pc - base) << COUNT_BITS) | count;
    return whenRarely(condition, [this.#at.set(i32.const(code)), br(exit.label)]);
  }

  /** The body of the function, with the code of its exits behind it. @param stored stores a set of registers */
  around(body: readonly Stmt[], stored: (registers: Registers, signed: number) => Stmt[]): readonly Stmt[] {
    let whole = body;
    for (const { label: to, base, needs, signed } of this.#exits) {
      const offset = i64.extendS(i32.shrS(this.#at.get, i32.const(COUNT_BITS)));
      whole = [
        block(to, whole),
        ...stored(needs, signed),
        ret(
          i64.add(i64.const(base), offset),
          i32.sub(this.#left.get, i32.and(this.#at.get, i32.const((1 << COUNT_BITS) - 1))),
        ),
      ];
    }
    return whole;
  }
}
