/**
 * Soft MMU as Wasm functions: the walk of Sv39 and Sv48, TLB refill and the block directory.
 *
 * All slow path: the handlers probe the TLB in line and come here on a miss. A walk sets A, and D for a write.
 * Source: Privileged ISA, 4.3.2 (address translation process) 4.4 (Sv39) and 4.5 (Sv48).
 */
import { EXIT_FETCH_FAULT } from '../exits.ts';
import { HART_MODE, HART_ROOT, HART_TVAL, PAGE_SHIFT, PAGE_SIZE } from '../layout.ts';
import { type I32, type I64, i32, i64, select } from '../wasm/expr.ts';
import type { Func, ModuleBuilder } from '../wasm/module.ts';
import { block, brIf, label, type Local, loop, ret, type Stmt, store, when } from '../wasm/stmt.ts';
import {
  FLAT_DELTA,
  FLAT_ENTRY_SHIFT,
  FLAT_NONE,
  FLAT_PAGES,
  FLAT_TAG,
  H_CODE_MARKS,
  H_END_FRAME,
  H_FLAT_READ,
  H_FLAT_WRITE,
  H_PAGE,
  H_PTE,
  H_TOUCHED,
  H_TOUCHED_COUNT,
  LEAVE_NEED_BLOCK,
  TLB_EXEC_BLOCK,
  TLB_EXEC_PAGE,
  TLB_EXEC_TAG,
  TLB_READ_DELTA,
  TLB_READ_TAG,
  TLB_TAGS,
  TLB_WRITE_DELTA,
  TLB_WRITE_TAG,
  TOUCHED_MOST,
} from './region.ts';
import { buildDrop, buildFind, buildUntouched } from './directory.ts';

export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_EXEC = 2;

const PTE_V = 1;
const PTE_R = 2;
const PTE_W = 4;
const PTE_X = 8;
const PTE_U = 16;
const PTE_A = 64;
const PTE_D = 128;
/** Bits 54 to 63: reserved, Svpbmt and Svnapot, none of which is implemented. */
const PTE_RESERVED_HI = 0xffc00000 | 0;
const LEVELS = 3;

/** The functions that the rest of the module calls. */
export interface MmuFunctions {
  /** (header, hart, tlb, va) -> physical address for reading, or 0 with HART_TVAL set */
  readonly readAt: Func<'i32'>;
  /** (header, hart, tlb, va) -> physical address for writing, or 0 with HART_TVAL set. A store to decoded code drops the frame's block; one beside it makes no TLB entry. */
  readonly writeAt: Func<'i32'>;
  /** (header, hart, tlb, va) -> 0 and an entry made, EXIT_FETCH_FAULT, or LEAVE_NEED_BLOCK with H_PAGE set */
  readonly fetch: Func<'i32'>;
  /** (header, frame): forget the frame's block and its code mark */
  readonly drop: Func;
}

/** Offset of a TLB entry of `va` from the TLB's start. */
export const tlbSlot = (va: I64): I32 =>
  i32.and(i32.wrap(i64.shrU(va, i64.const(9))), i32.const(TLB_TAGS - 8));
/** The page address of `va`, as tags hold it. */
export const pageOf = (va: I64): I64 => i64.and(va, i64.const(-PAGE_SIZE));

/** Some bits of a value. */
const bit = (value: I32, mask: number): I32 => i32.and(value, i32.const(mask));

/** Let code that was translated find a page without a walk. @param delta physical less virtual address */
function enterFlat(
  header: I32,
  va: I64,
  delta: I32,
  table: number,
  scratch: Local<'i32'>,
  at: Local<'i32'>,
): Stmt {
  const page = bit(i32.wrap(i64.shrU(va, i64.const(PAGE_SHIFT))), FLAT_PAGES - 1);
  const entry = (which: number): I32 =>
    i32.add(i32.load(header, which), i32.shl(page, i32.const(FLAT_ENTRY_SHIFT)));
  const tagOf = (which: number): I64 => i64.load(entry(which), FLAT_TAG);
  const count = i32.load(header, H_TOUCHED_COUNT);
  return when(i32.load(header, table), [
    when(i32.ltU(scratch.tee(count), i32.const(TOUCHED_MOST)), [
      when(i64.leU(i64.or(tagOf(H_FLAT_READ), tagOf(H_FLAT_WRITE)), i64.const(FLAT_NONE)), [
        store('i32', i32.add(i32.load(header, H_TOUCHED), i32.shl(scratch.get, i32.const(2))), page),
        store('i32', header, i32.add(scratch.get, i32.const(1)), H_TOUCHED_COUNT),
      ]),
      at.set(entry(table)),
      store('i64', at.get, pageOf(va), FLAT_TAG),
      store('i32', at.get, delta, FLAT_DELTA),
    ]),
  ]);
}

/** (header, hart, va, kind) -> physical page, or 0 for a fault. */
function buildWalk(m: ModuleBuilder): Func<'i32'> {
  const f = m.func(['i32', 'i32', 'i64', 'i32'], 'i32');
  const header = f.parameter('i32', 0);
  const hart = f.parameter('i32', 1);
  const va = f.parameter('i64', 2);
  const kind = f.parameter('i32', 3);
  const table = f.local('i32');
  const shift = f.local('i32');
  const at = f.local('i32');
  const pte = f.local('i64');
  const low = f.local('i32');
  const ppn = f.local('i64');
  const offset = f.local('i32');
  const fault = ret(i32.const(0));
  const level = label('level');
  const leaf = label('leaf');
  // Each level above those of Sv39 adds nine bits to an address.
  const more = i32.mul(i32.load(hart.get, HART_MODE), i32.const(9));
  const unused = i64.extendU(i32.sub(i32.const(64 - 39), more));
  const canonical = i64.eq(i64.shrS(i64.shl(va.get, unused), unused), va.get);
  const endFrame = i64.extendU(i32.load(header.get, H_END_FRAME));
  // Bits of the page number below a superpage's, taken from the virtual address.
  const lowPages = i32.sub(i32.shl(i32.const(1), i32.sub(shift.get, i32.const(PAGE_SHIFT))), i32.const(1));
  f.body(
    when(i32.eqz(canonical), [fault]),
    ppn.set(i64.extendU(i32.load(hart.get, HART_ROOT))),
    shift.set(i32.add(i32.const(PAGE_SHIFT + 9 * (LEVELS - 1)), more)),
    block(leaf, [
      loop(level, [
        when(i64.geU(ppn.get, endFrame), [fault]),
        table.set(i32.shl(i32.wrap(ppn.get), i32.const(PAGE_SHIFT))),
        at.set(
          i32.add(
            table.get,
            i32.shl(bit(i32.wrap(i64.shrU(va.get, i64.extendU(shift.get))), 511), i32.const(3)),
          ),
        ),
        pte.set(i64.load(at.get)),
        low.set(i32.wrap(pte.get)),
        when(i32.eqz(bit(low.get, PTE_V)), [fault]),
        when(i32.eq(bit(low.get, PTE_R | PTE_W), i32.const(PTE_W)), [fault]),
        when(i32.ne(bit(i32.wrap(i64.shrU(pte.get, i64.const(32))), PTE_RESERVED_HI), i32.const(0)), [fault]),
        ppn.set(i64.shrU(pte.get, i64.const(10))),
        brIf(leaf, bit(low.get, PTE_R | PTE_X)),
        // A pointer: D, A and U are reserved in it, and the last level has none.
        when(bit(low.get, PTE_D | PTE_A | PTE_U), [fault]),
        shift.set(i32.sub(shift.get, i32.const(9))),
        brIf(level, i32.geS(shift.get, i32.const(PAGE_SHIFT))),
        fault,
      ]),
    ]),
    when(i32.eqz(bit(low.get, PTE_U)), [fault]),
    when(
      i32.eqz(
        i32.and(
          low.get,
          select(
            i32.eqz(kind.get),
            i32.const(PTE_R),
            select(i32.eq(kind.get, i32.const(ACCESS_WRITE)), i32.const(PTE_W), i32.const(PTE_X)),
          ),
        ),
      ),
      [fault],
    ),
    offset.set(lowPages),
    when(i32.and(i32.wrap(ppn.get), offset.get), [fault]),
    ppn.set(
      i64.or(ppn.get, i64.extendU(i32.and(i32.wrap(i64.shrU(va.get, i64.const(PAGE_SHIFT))), offset.get))),
    ),
    when(i64.geU(ppn.get, endFrame), [fault]),
    offset.set(select(i32.eq(kind.get, i32.const(ACCESS_WRITE)), i32.const(PTE_A | PTE_D), i32.const(PTE_A))),
    when(i32.ne(i32.and(low.get, offset.get), offset.get), [
      store('i32', at.get, i32.or(low.get, offset.get)),
    ]),
    store('i32', header.get, low.get, H_PTE),
    ret(i32.shl(i32.wrap(ppn.get), i32.const(PAGE_SHIFT))),
  );
  return f;
}

function buildDataAccess(
  m: ModuleBuilder,
  walk: Func<'i32'>,
  kind: number,
  tag: number,
  delta: number,
  flat: number,
  code: { readonly drop: Func; readonly untouched: Func<'i32'> } | null,
): Func<'i32'> {
  const f = m.func(['i32', 'i32', 'i32', 'i64'], 'i32');
  const header = f.parameter('i32', 0);
  const hart = f.parameter('i32', 1);
  const tlb = f.parameter('i32', 2);
  const va = f.parameter('i64', 3);
  const slot = f.local('i32');
  const page = f.local('i32');
  const count = f.local('i32');
  const entry = f.local('i32');
  const frame = i32.shrU(page.get, i32.const(PAGE_SHIFT));
  const isMarked = i32.load8U(i32.add(i32.load(header.get, H_CODE_MARKS), frame));
  const enter = (table: number): Stmt =>
    enterFlat(header.get, va.get, i32.load(slot.get, delta), table, count, entry);
  // Whether a page may be written without a walk is often asked of one that was read last.
  const wasWritten = i32.eq(bit(i32.load(header.get, H_PTE), PTE_W | PTE_D), i32.const(PTE_W | PTE_D));
  const enterWritten = when(i32.and(i32.ne(page.get, i32.const(0)), wasWritten), [
    when(i32.eqz(isMarked), [enter(H_FLAT_WRITE)]),
  ]);
  const inPage = bit(i32.wrap(va.get), PAGE_SIZE - 1);
  f.body(
    slot.set(i32.add(tlb.get, tlbSlot(va.get))),
    when(i64.ne(i64.load(slot.get, tag), pageOf(va.get)), [
      page.set(walk.call(header.get, hart.get, va.get, i32.const(kind))),
      when(i32.eqz(page.get), [store('i64', hart.get, va.get, HART_TVAL), ret(i32.const(0))]),
      ...(code === null
        ? []
        : [
            when(isMarked, [
              when(code.untouched.call(header.get, frame, inPage), [ret(i32.add(page.get, inPage))]),
              code.drop.run(header.get, frame),
            ]),
          ]),
      store('i64', slot.get, pageOf(va.get), tag),
      store('i32', slot.get, i32.sub(page.get, i32.wrap(pageOf(va.get))), delta),
    ]),
    enter(flat),
    ...(code === null ? [enterWritten] : []),
    ret(i32.add(i32.wrap(va.get), i32.load(slot.get, delta))),
  );
  return f;
}

function buildFetch(m: ModuleBuilder, walk: Func<'i32'>, find: Func<'i32'>): Func<'i32'> {
  const f = m.func(['i32', 'i32', 'i32', 'i64'], 'i32', 'fetch');
  const header = f.parameter('i32', 0);
  const hart = f.parameter('i32', 1);
  const tlb = f.parameter('i32', 2);
  const va = f.parameter('i64', 3);
  const slot = f.local('i32');
  const page = f.local('i32');
  const records = f.local('i32');
  f.body(
    slot.set(i32.add(tlb.get, tlbSlot(va.get))),
    when(i64.eq(i64.load(slot.get, TLB_EXEC_TAG), pageOf(va.get)), [
      store('i32', header.get, i32.load(slot.get, TLB_EXEC_PAGE), H_PAGE),
      ret(i32.const(0)),
    ]),
    page.set(walk.call(header.get, hart.get, va.get, i32.const(ACCESS_EXEC))),
    when(i32.eqz(page.get), [store('i64', hart.get, va.get, HART_TVAL), ret(i32.const(EXIT_FETCH_FAULT))]),
    store('i32', header.get, page.get, H_PAGE),
    records.set(find.call(header.get, i32.shrU(page.get, i32.const(PAGE_SHIFT)))),
    when(i32.eqz(records.get), [ret(i32.const(LEAVE_NEED_BLOCK))]),
    store('i64', slot.get, pageOf(va.get), TLB_EXEC_TAG),
    store('i32', slot.get, records.get, TLB_EXEC_BLOCK),
    store('i32', slot.get, page.get, TLB_EXEC_PAGE),
    ret(i32.const(0)),
  );
  return f;
}

/** Add the MMU's functions to a module. */
export function buildMmu(m: ModuleBuilder): MmuFunctions {
  const walk = buildWalk(m);
  const find = buildFind(m);
  const drop = buildDrop(m);
  const untouched = buildUntouched(m, find);
  return {
    drop,
    readAt: buildDataAccess(m, walk, ACCESS_READ, TLB_READ_TAG, TLB_READ_DELTA, H_FLAT_READ, null),
    writeAt: buildDataAccess(m, walk, ACCESS_WRITE, TLB_WRITE_TAG, TLB_WRITE_DELTA, H_FLAT_WRITE, {
      drop,
      untouched,
    }),
    fetch: buildFetch(m, walk, find),
  };
}
