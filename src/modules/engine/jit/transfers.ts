/**
 * Ways from one translation to another: calls, and jumps that end this one.
 */
import { type I32, type I64, i32, i64, loadOpen, select } from '../../../machine/wasm/expr.ts';
import {
  block,
  brRarelyIf,
  label,
  type Local,
  ret,
  type Stmt,
  whenRarely,
} from '../../../machine/wasm/stmt.ts';
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

  /** Conditions under which nothing begins at the pc, to be looked at in their order, then the place in the table and the way in. */
  #lookUp(known: number | null): { readonly missing: readonly I32[]; readonly enter: I32 } {
    if (known !== null) {
      const link = this.#linkage.linkOf(known);
      return { missing: [i32.eqz(this.#place.tee(loadOpen(link, 0)))], enter: loadOpen(link, LINK_ENTER) };
    }
    const pc = this.#pc.get;
    const entry = i32.and(
      i32.shl(i32.wrap(pc), i32.const(Math.log2(JUMP_ENTRY) - 1)),
      i32.const((JUMP_ENTRIES - 1) * JUMP_ENTRY),
    );
    const { jumps } = this.#linkage.tables;
    return {
      missing: [
        i64.ne(i64.load(entry, jumps + JUMP_PC), pc),
        i32.eqz(this.#place.tee(i32.load(entry, jumps + JUMP_PLACE))),
      ],
      enter: i32.load(entry, jumps + JUMP_ENTER),
    };
  }

  /** Note where an indirect jump goes. */
  aim(target: I64): Stmt {
    return this.#pc.set(target);
  }

  /**
   * Go on at a pc outside, in place of this function.
   * @param dirty, signed registers that are not in the context yet, and those in i32 locals @param checked a spent budget stops there
   */
  tail({ pc: target, known }: Aim, dirty: Registers, signed: number, checked: boolean): readonly Stmt[] {
    const pc = this.#pc;
    const left = this.#left;
    const isSpent = i32.leS(left.get, none);
    const passed = select(isSpent, i64.add(pc.get, i64.bits(PC_PASSED_HIGH, 0)), pc.get);
    const { missing, enter } = this.#lookUp(known);
    const out = label('out');
    return [
      ...this.#locals.store(dirty, signed),
      pc.set(target),
      block(out, [
        ...[...(checked ? [isSpent] : []), ...missing].map((condition) => brRarelyIf(out, condition)),
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
   * @param rd the register of the link, not 0 @param value what it gets @param back where the function returns to
   * @param bases, signed registers whose base has a meaning before it, and those in i32 locals
   */
  call(
    { pc: target, known }: Aim,
    { rd, value, back }: { readonly rd: number; readonly value: number; readonly back: number },
    point: Point,
    bases: number,
    signed: number,
  ): readonly Stmt[] {
    const pc = this.#pc;
    const left = this.#left;
    const locals = this.#locals;
    const others = ~(1 << rd);
    const { x, f } = point.dirty;
    const { missing, enter } = this.#lookUp(known);
    const leave = [ret(pc.get, left.get)];
    const isSpent = i32.leS(left.get, none);
    return [
      pc.set(target),
      locals.integer(rd).set(i64.const(value)),
      ...locals.store({ x: x | (1 << rd), f }, signed & others),
      ...missing.map((condition) => whenRarely(condition, leave)),
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
