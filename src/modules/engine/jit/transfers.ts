/**
 * Ways from one translation to another: calls, and jumps that end this one.
 */
import { type I32, type I64, i32, i64, loadOpen, select } from '../../../machine/wasm/expr.ts';
import { type Local, ret, type Stmt, when, whenRarely } from '../../../machine/wasm/stmt.ts';
import type { RegisterLocals } from './locals.ts';
import type { Point, Registers } from './registers.ts';
import {
  JUMP_ENTER,
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
  LINK_ENTER,
  PC_PASSED_HIGH,
  type Tables,
} from './tables.ts';

/** What transfers need to know of the module that they are in. */
export interface Linkage {
  readonly tables: Tables;
  /** Index of the type TRANSLATION. */
  readonly type: number;
  /** Number of the link word of whatever begins at a pc. */
  readonly linkOf: (pc: number) => number;
}

/** Where control goes: a pc, and as a number if it is known. */
export interface Aim {
  readonly pc: I64;
  readonly known: number | null;
}

const none = i32.const(0);

export class Transfers {
  readonly #linkage: Linkage;
  readonly #locals: RegisterLocals;
  readonly #left: Local<'i32'>;
  readonly #depth: Local<'i32'>;
  readonly #pc: Local<'i64'>;
  readonly #place: Local<'i32'>;

  /** @param pc, place scratch @param left, depth as a translation has them */
  constructor(
    linkage: Linkage,
    locals: RegisterLocals,
    left: Local<'i32'>,
    depth: Local<'i32'>,
    pc: Local<'i64'>,
    place: Local<'i32'>,
  ) {
    this.#linkage = linkage;
    this.#locals = locals;
    this.#left = left;
    this.#depth = depth;
    this.#pc = pc;
    this.#place = place;
  }

  /** Where in the table what begins at the pc is, 0 if it is nowhere, and by which way in. */
  #lookUp(known: number | null): { readonly place: I32; readonly enter: I32 } {
    if (known !== null) {
      const link = this.#linkage.linkOf(known);
      return { place: loadOpen(link, 0), enter: loadOpen(link, LINK_ENTER) };
    }
    const pc = this.#pc.get;
    const entry = i32.and(
      i32.shl(i32.wrap(pc), i32.const(Math.log2(JUMP_ENTRY) - 1)),
      i32.const((JUMP_ENTRIES - 1) * JUMP_ENTRY),
    );
    const { jumps } = this.#linkage.tables;
    const isThere = i64.eq(i64.load(entry, jumps + JUMP_PC), pc);
    return {
      place: select(isThere, i32.load(entry, jumps + JUMP_PLACE), none),
      enter: i32.load(entry, jumps + JUMP_ENTER),
    };
  }

  /**
   * Go on at a pc outside, in place of this function.
   * @param dirty, signed registers that are not in the context yet, and those in i32 locals @param checked a spent budget stops there
   */
  tail({ pc: target, known }: Aim, dirty: Registers, signed: number, checked: boolean): readonly Stmt[] {
    const pc = this.#pc;
    const left = this.#left;
    const passed = select(i32.leS(left.get, none), i64.add(pc.get, i64.bits(PC_PASSED_HIGH, 0)), pc.get);
    const { place, enter } = this.#lookUp(known);
    const found = this.#place.tee(place);
    const ready = checked ? i32.and(i32.ne(found, none), i32.gtS(left.get, none)) : found;
    return [
      ...this.#locals.store(dirty, signed),
      pc.set(target),
      when(ready, [
        {
          kind: 'returnCallIndirect',
          type: this.#linkage.type,
          index: this.#place.get,
          args: [this.#locals.context.get, left.get, this.#depth.get, enter],
        },
      ]),
      ret(checked ? pc.get : passed, left.get),
    ];
  }

  /**
   * A call: everything is in memory for the callee, and what is needed is loaded after it.
   * @param rd the register of the link, not 0 @param back what it gets
   * @param bases, signed registers whose base has a meaning before it, and those in i32 locals
   */
  call(
    { pc: target, known }: Aim,
    rd: number,
    back: number,
    point: Point,
    bases: number,
    signed: number,
  ): readonly Stmt[] {
    const pc = this.#pc;
    const left = this.#left;
    const locals = this.#locals;
    const others = ~(1 << rd);
    const { x, f } = point.dirty;
    const { place, enter } = this.#lookUp(known);
    const leave = [ret(pc.get, left.get)];
    const isSpent = i32.leS(left.get, none);
    return [
      pc.set(target),
      locals.integer(rd).set(i64.const(back)),
      ...locals.store({ x: x | (1 << rd), f }, signed & others),
      whenRarely(i32.eqz(this.#place.tee(place)), leave),
      whenRarely(isSpent, leave),
      whenRarely(i32.leS(this.#depth.get, none), leave),
      {
        kind: 'callIndirect',
        type: this.#linkage.type,
        index: this.#place.get,
        args: [locals.context.get, left.get, i32.sub(this.#depth.get, i32.const(1)), enter],
        into: [pc, left],
      },
      whenRarely(i64.ne(pc.get, i64.const(back)), leave),
      whenRarely(isSpent, leave),
      ...locals.loadModes(),
      ...locals.reload(point.needed, bases & others, signed & others),
      ...locals.forgetBases(bases & ~others),
    ];
  }
}
