/**
 * The way into translated code: runs translations one after the other as long as there is one to go on with.
 *
 * Not hot: a call, a return and a jump between translations do not come by here.
 */
import { EXIT_BUDGET, EXIT_ECALL } from '../../../contracts/engine.ts';
import { LEAVE_SLOW } from '../../../machine/interpreter/region.ts';
import { CTX_PC, CTX_RETIRED } from '../../../machine/layout.ts';
import { i32, i64 } from '../../../machine/wasm/expr.ts';
import { ModuleBuilder } from '../../../machine/wasm/module.ts';
import { br, label, loop, ret, store, when } from '../../../machine/wasm/stmt.ts';
import { H_LEFT } from '../../../machine/interpreter/region.ts';
import {
  JUMP_ENTER,
  JUMP_ENTRIES,
  JUMP_ENTRY,
  JUMP_PC,
  JUMP_PLACE,
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
  const again = label('again');
  const setPc = (value: typeof pc.get): ReturnType<typeof store> => store('i64', context.get, value, CTX_PC);
  const leave = (value: number): readonly ReturnType<typeof ret>[] => [
    store('i32', header.get, left.get, H_LEFT),
    ret(i32.const(value)),
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
      entry.set(
        i32.add(
          jumps.get,
          i32.and(
            i32.shl(i32.wrap(pc.get), i32.const(Math.log2(JUMP_ENTRY) - 1)),
            i32.const((JUMP_ENTRIES - 1) * JUMP_ENTRY),
          ),
        ),
      ),
      when(i64.eq(i64.load(entry.get, JUMP_PC), pc.get), [
        place.set(i32.load(entry.get, JUMP_PLACE)),
        enter.set(i32.load(entry.get, JUMP_ENTER)),
        when(i32.ne(place.get, i32.const(0)), [br(again)]),
      ]),
      ...leave(ENTER_NOT_FOUND),
    ]),
  );
  return m.encode(shared);
}
