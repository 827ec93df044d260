/**
 * The block directory as Wasm functions: which block holds a frame's records, and how to forget it.
 */
import { PAGE_SIZE } from '../layout.ts';
import { type I32, i32, i64 } from '../wasm/expr.ts';
import type { Func, ModuleBuilder } from '../wasm/module.ts';
import { br, brIf, label, loop, ret, store, when } from '../wasm/stmt.ts';
import {
  BLOCK_BYTES,
  BLOCK_ENTRY,
  BLOCK_FRAME,
  BLOCK_NEXT,
  BUCKETS,
  H_BLOCKS,
  H_BUCKETS,
  H_CODE_MARKS,
  DROP_RING,
  H_DROP_RING,
  H_DROPS,
  H_FREE,
  H_RECORDS,
  H_TLB,
  H_TLB_END,
  R_OP,
  RECORD,
  TLB_EXEC_BLOCK,
  TLB_EXEC_TAG,
  TLB_SIZE,
  TLB_TAGS,
} from './region.ts';

const SLOTS_IN_PAGE = PAGE_SIZE / 2;

const bit = (value: I32, mask: number): I32 => i32.and(value, i32.const(mask));

/** (header, frame) -> address of the block's first record, or 0. */
export function buildFind(m: ModuleBuilder): Func<'i32'> {
  const f = m.func(['i32', 'i32'], 'i32');
  const header = f.parameter('i32', 0);
  const frame = f.parameter('i32', 1);
  const index = f.local('i32');
  const entry = f.local('i32');
  const again = label('chain');
  f.body(
    index.set(
      i32.load(i32.add(i32.load(header.get, H_BUCKETS), i32.shl(bit(frame.get, BUCKETS - 1), i32.const(2)))),
    ),
    loop(again, [
      when(i32.eqz(index.get), [ret(i32.const(0))]),
      index.set(i32.sub(index.get, i32.const(1))),
      entry.set(i32.add(i32.load(header.get, H_BLOCKS), i32.mul(index.get, i32.const(BLOCK_ENTRY)))),
      when(i32.eq(i32.load(entry.get, BLOCK_FRAME), frame.get), [
        ret(i32.add(i32.load(header.get, H_RECORDS), i32.mul(index.get, i32.const(BLOCK_BYTES)))),
      ]),
      index.set(i32.load(entry.get, BLOCK_NEXT)),
      br(again),
    ]),
  );
  return f;
}

/** (header, frame): unlink the block if there is one, forget execute entries that point to it, clear the mark. */
export function buildDrop(m: ModuleBuilder): Func {
  const f = m.func(['i32', 'i32'], null, 'drop');
  const header = f.parameter('i32', 0);
  const frame = f.parameter('i32', 1);
  const link = f.local('i32');
  const index = f.local('i32');
  const entry = f.local('i32');
  const records = f.local('i32');
  const tlb = f.local('i32');
  const end = f.local('i32');
  const again = label('chain');
  const harts = label('harts');
  const entries = label('entries');
  f.body(
    store('i32_8', i32.add(i32.load(header.get, H_CODE_MARKS), frame.get), i32.const(0)),
    store(
      'i32',
      i32.add(
        header.get,
        i32.shl(i32.and(i32.load(header.get, H_DROPS), i32.const(DROP_RING - 1)), i32.const(2)),
      ),
      frame.get,
      H_DROP_RING,
    ),
    store('i32', header.get, i32.add(i32.load(header.get, H_DROPS), i32.const(1)), H_DROPS),
    link.set(i32.add(i32.load(header.get, H_BUCKETS), i32.shl(bit(frame.get, BUCKETS - 1), i32.const(2)))),
    loop(again, [
      index.set(i32.load(link.get)),
      when(i32.eqz(index.get), [ret()]),
      entry.set(
        i32.add(
          i32.load(header.get, H_BLOCKS),
          i32.mul(i32.sub(index.get, i32.const(1)), i32.const(BLOCK_ENTRY)),
        ),
      ),
      when(i32.ne(i32.load(entry.get, BLOCK_FRAME), frame.get), [
        link.set(i32.add(entry.get, i32.const(BLOCK_NEXT))),
        br(again),
      ]),
    ]),
    store('i32', link.get, i32.load(entry.get, BLOCK_NEXT)),
    store('i32', entry.get, i32.const(-1), BLOCK_FRAME),
    store('i32', entry.get, i32.load(header.get, H_FREE), BLOCK_NEXT),
    store('i32', header.get, index.get, H_FREE),
    records.set(
      i32.add(
        i32.load(header.get, H_RECORDS),
        i32.mul(i32.sub(index.get, i32.const(1)), i32.const(BLOCK_BYTES)),
      ),
    ),
    tlb.set(i32.load(header.get, H_TLB)),
    loop(harts, [
      end.set(i32.add(tlb.get, i32.const(TLB_TAGS))),
      loop(entries, [
        when(i32.eq(i32.load(tlb.get, TLB_EXEC_BLOCK), records.get), [
          store('i64', tlb.get, i64.const(-1), TLB_EXEC_TAG),
        ]),
        tlb.set(i32.add(tlb.get, i32.const(8))),
        brIf(entries, i32.ltU(tlb.get, end.get)),
      ]),
      tlb.set(i32.add(tlb.get, i32.const(TLB_SIZE - TLB_TAGS))),
      brIf(harts, i32.ltU(tlb.get, i32.load(header.get, H_TLB_END))),
    ]),
  );
  return f;
}

/** A store of 8 bytes reaches these many slots; an instruction that starts one slot before reaches it too. */
const SLOTS_BEFORE = 1;
const SLOTS_FROM = 5;

/**
 * (header, frame, offset in the page) -> 1 if a block holds the frame and none of what a store there may change has
 * been decoded: data beside code, or code written ahead of its execution.
 */
export function buildUntouched(m: ModuleBuilder, find: Func<'i32'>): Func<'i32'> {
  const f = m.func(['i32', 'i32', 'i32'], 'i32');
  const header = f.parameter('i32', 0);
  const frame = f.parameter('i32', 1);
  const offset = f.parameter('i32', 2);
  const record = f.local('i32');
  const slot = f.local('i32');
  const end = f.local('i32');
  const again = label('slots');
  f.body(
    record.set(find.call(header.get, frame.get)),
    when(i32.eqz(record.get), [ret(i32.const(0))]),
    slot.set(i32.shrU(offset.get, i32.const(1))),
    end.set(i32.add(slot.get, i32.const(SLOTS_FROM))),
    when(i32.gtU(end.get, i32.const(SLOTS_IN_PAGE)), [end.set(i32.const(SLOTS_IN_PAGE))]),
    // A crossing instruction's half in slot 0 is compared at each execution.
    when(slot.get, [slot.set(i32.sub(slot.get, i32.const(SLOTS_BEFORE)))]),
    loop(again, [
      when(i32.load16U(i32.add(record.get, i32.mul(slot.get, i32.const(RECORD))), R_OP), [ret(i32.const(0))]),
      slot.set(i32.add(slot.get, i32.const(1))),
      brIf(again, i32.ltU(slot.get, end.get)),
    ]),
    ret(i32.const(1)),
  );
  return f;
}
