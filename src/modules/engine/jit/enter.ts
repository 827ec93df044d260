/**
 * The way into translated code: runs translations one after the other as long as there is one to go on with, and interprets
 * from where none begins to where the next one does.
 *
 * Not hot once all is translated: a call, a return and a jump between translations do not come by here. Before, a program comes by hundreds of
 * thousands of times a second, which is why it is not JavaScript that goes on.
 */
import { EXIT_BUDGET, EXIT_ECALL } from '../../../contracts/engine.ts';
import { CTX_PC, CTX_RETIRED } from '../../../machine/layout.ts';
import { type I32, i32, i64, select } from '../../../machine/wasm/expr.ts';
import { ModuleBuilder } from '../../../machine/wasm/module.ts';
import { brIf, label, loop, ret, type Stmt, store, when } from '../../../machine/wasm/stmt.ts';
import { H_DROPS, H_LEFT, LEAVE_ENTER, LEAVE_SLOW } from '../../../machine/interpreter/region.ts';
import {
  BETWEEN_AT,
  BETWEEN_CAUSE,
  BETWEEN_DROPS,
  BETWEEN_INTERPRETED,
  BETWEEN_MISSED,
  BETWEEN_MISSES_MOST,
  BETWEEN_SLICE,
  JUMP_ENTER,
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
  MISS_COUNT,
  MISS_ENTRIES,
  MISS_ENTRY,
  MISS_PC,
  MISSES_AT,
  PC_ECALL_HIGH,
  PC_FINISH,
  PC_PASSED_HIGH,
  PC_REFUSED_HIGH,
  TRANSLATION,
} from './tables.ts';

/** How deep calls of translated code may nest: bounded by the host's stack. */
const DEPTH = 2000;

/** `enter` says: the interpreter is to go on at the pc, in the middle of something or where a translation could begin. */
export const ENTER_INTERPRET: number = LEAVE_SLOW;
export const ENTER_NOT_FOUND: number = LEAVE_SLOW + 1;
/** The translation there can not be entered as things are. */
export const ENTER_REFUSED: number = LEAVE_SLOW + 2;

/** The interpreter went on from where no translation begins, and left for BETWEEN_CAUSE. */
export const ENTER_CAUSE: number = LEAVE_SLOW + 3;

/** (place, header, hart, tlb, context, left, jumps, way in) -> EXIT_ code or one of ENTER_; CTX_PC, CTX_RETIRED, H_LEFT brought up */
export type Enter = (
  place: number,
  header: number,
  hart: number,
  tlb: number,
  context: number,
  left: number,
  jumps: number,
  enter: number,
) => number;

export function buildEnter(shared: boolean): Uint8Array {
  const m = new ModuleBuilder();
  const type = m.signature(TRANSLATION);
  const finish = m.imported('finish', ['i32', 'i32', 'i32', 'i32'], 'i32');
  const run = m.imported('run', ['i32', 'i32', 'i32', 'i32'], 'i32');
  const f = m.func(
    Array.from({ length: 8 }, () => 'i32' as const),
    'i32',
    'enter',
  );
  const place = f.parameter('i32', 0);
  const header = f.parameter('i32', 1);
  const hart = f.parameter('i32', 2);
  const tlb = f.parameter('i32', 3);
  const context = f.parameter('i32', 4);
  const left = f.parameter('i32', 5);
  const jumps = f.parameter('i32', 6);
  const enter = f.parameter('i32', 7);
  const before = f.local('i32');
  const pc = f.local('i64');
  const code = f.local('i32');
  const entry = f.local('i32');
  const count = f.local('i32');
  const again = label('again');
  const setPc = (value: typeof pc.get): ReturnType<typeof store> => store('i64', context.get, value, CTX_PC);
  const leave = (value: number): readonly ReturnType<typeof ret>[] => [
    store('i32', header.get, left.get, H_LEFT),
    ret(i32.const(value)),
  ];
  const between = (offset: number): I32 => i32.load(jumps.get, BETWEEN_AT + offset);
  const setBetween = (offset: number, value: I32): Stmt =>
    store('i32', jumps.get, value, BETWEEN_AT + offset);
  /** The entry of the pc in a table. */
  const entryOf = (size: number, entries: number): I32 =>
    i32.and(i32.shl(i32.wrap(pc.get), i32.const(Math.log2(size) - 1)), i32.const((entries - 1) * size));
  /** Where the translation is that begins at the pc, if one is to be found among the jumps. */
  const goOn = (): readonly Stmt[] => [
    entry.set(i32.add(jumps.get, entryOf(JUMP_ENTRY, JUMP_ENTRIES))),
    when(i64.eq(i64.load(entry.get, JUMP_PC), pc.get), [
      place.set(i32.load(entry.get, JUMP_PLACE)),
      enter.set(i32.load(entry.get, JUMP_ENTER)),
      brIf(again, i32.ne(place.get, i32.const(0))),
    ]),
  ];
  /** Count a way in vain, and leave if that is to be said. */
  const miss = (): readonly Stmt[] => [
    setBetween(BETWEEN_MISSED, i32.add(between(BETWEEN_MISSED), i32.const(1))),
    entry.set(i32.add(jumps.get, entryOf(MISS_ENTRY, MISS_ENTRIES))),
    count.set(i32.add(i32.load(entry.get, MISSES_AT + MISS_COUNT), i32.const(1))),
    when(
      i32.or(
        i64.ne(i64.load(entry.get, MISSES_AT + MISS_PC), pc.get),
        i32.geU(count.get, between(BETWEEN_MISSES_MOST)),
      ),
      leave(ENTER_NOT_FOUND),
    ),
    store('i32', entry.get, count.get, MISSES_AT + MISS_COUNT),
  ];
  /** Interpret until a translation begins. */
  const interpret = (): readonly Stmt[] => [
    count.set(between(BETWEEN_SLICE)),
    count.set(select(i32.ltS(left.get, count.get), left.get, count.get)),
    code.set(run.call(header.get, hart.get, tlb.get, count.get)),
    count.set(i32.sub(count.get, i32.load(header.get, H_LEFT))),
    left.set(i32.sub(left.get, count.get)),
    setBetween(BETWEEN_INTERPRETED, i32.add(between(BETWEEN_INTERPRETED), count.get)),
    // At least 1, for the next check point is wanted.
    count.set(i32.sub(between(BETWEEN_SLICE), count.get)),
    setBetween(BETWEEN_SLICE, select(i32.gtS(count.get, i32.const(0)), count.get, i32.const(1))),
    // What is linked may be entered while no code has changed. None comes to where there was none: that is done in JavaScript.
    when(
      i32.eqz(
        i32.or(
          i32.xor(code.get, i32.const(LEAVE_ENTER)),
          i32.xor(i32.load(header.get, H_DROPS), between(BETWEEN_DROPS)),
        ),
      ),
      [pc.set(i64.load(context.get, CTX_PC)), ...goOn()],
    ),
    setBetween(BETWEEN_CAUSE, code.get),
    ...leave(ENTER_CAUSE),
  ];
  f.body(
    loop(again, [
      before.set(left.get),
      {
        kind: 'callIndirect',
        type,
        index: place.get,
        args: [context.get, left.get, i32.const(DEPTH), enter.get],
        into: [pc, left],
      },
      store(
        'i64',
        context.get,
        i64.add(i64.load(context.get, CTX_RETIRED), i64.extendU(i32.sub(before.get, left.get))),
        CTX_RETIRED,
      ),
      when(i32.wrap(i64.and(pc.get, i64.const(PC_FINISH))), [
        setPc(i64.and(pc.get, i64.const(-2))),
        code.set(finish.call(header.get, hart.get, tlb.get, context.get)),
        when(i32.eqz(code.get), [left.set(i32.sub(left.get, i32.const(1))), ...leave(ENTER_INTERPRET)]),
        when(i32.geU(code.get, i32.const(LEAVE_SLOW)), leave(ENTER_INTERPRET)),
        store('i32', header.get, left.get, H_LEFT),
        ret(code.get),
      ]),
      when(i64.ne(i64.and(pc.get, i64.bits(PC_ECALL_HIGH, 0)), i64.const(0)), [
        setPc(i64.and(pc.get, i64.bits(~PC_ECALL_HIGH, -1))),
        ...leave(EXIT_ECALL),
      ]),
      when(i64.ne(i64.and(pc.get, i64.bits(PC_REFUSED_HIGH, 0)), i64.const(0)), [
        setPc(i64.and(pc.get, i64.bits(~PC_REFUSED_HIGH, -1))),
        ...leave(ENTER_REFUSED),
      ]),
      when(i64.ne(i64.and(pc.get, i64.bits(PC_PASSED_HIGH, 0)), i64.const(0)), [
        setPc(i64.and(pc.get, i64.bits(~PC_PASSED_HIGH, -1))),
        ...leave(ENTER_INTERPRET),
      ]),
      setPc(pc.get),
      when(i32.leS(left.get, i32.const(0)), leave(EXIT_BUDGET)),
      ...goOn(),
      ...miss(),
      ...interpret(),
    ]),
  );
  return m.encode(shared);
}
