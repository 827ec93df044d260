/**
 * Slow cases as one Wasm function: a whole instruction at a record, whatever its alignment, flags or rounding mode.
 *
 * Reached when a handler left without effect. Covers loads, stores, atomics, CSRs and all floating point; built from
 * the same semantics as the handlers. Both pages of an access are translated before any effect.
 */
import {
  EXIT_ILLEGAL,
  EXIT_LOAD_FAULT,
  EXIT_LOAD_MISALIGNED,
  EXIT_STORE_FAULT,
  EXIT_STORE_MISALIGNED,
} from '../exits.ts';
import type { SoftFloat } from '../float/soft-float.ts';
import { rows } from '../isa/decode.ts';
import type { Row } from '../isa/row.ts';
import type { Scope, Semantics } from '../isa/semantics.ts';
import { CTX_FCSR, HART_RESERVATION, HART_TVAL, PAGE_SIZE } from '../layout.ts';
import { type I32, type I64, i32, i64, select } from '../wasm/expr.ts';
import type { Func, ModuleBuilder } from '../wasm/module.ts';
import { block, br, brIf, brTable, label, loop, type Stmt, store, when } from '../wasm/stmt.ts';
import type { MmuFunctions } from './mmu.ts';
import { R_AUX } from './region.ts';
import { recordScope, Scratch, setRd, storeWidth } from './scope.ts';
import { csrBody, done, exit, type Slow } from './csr.ts';

/** Translate `bytes` at va: `first`, and `second` where the access goes over into the next page. */
function translate(w: Slow, bytes: number, access: Func<'i32'>, fault: number): readonly Stmt[] {
  const inPage = i32.and(i32.wrap(w.va.get), i32.const(PAGE_SIZE - 1));
  const args = [w.header.get, w.hart.get, w.tlb.get] as const;
  return [
    w.first.set(access.call(...args, w.va.get)),
    when(i32.eqz(w.first.get), [exit(fault)]),
    w.second.set(i32.const(0)),
    when(i32.gtU(inPage, i32.const(PAGE_SIZE - bytes)), [
      w.second.set(access.call(...args, i64.add(i64.or(w.va.get, i64.const(PAGE_SIZE - 1)), i64.const(1)))),
      when(i32.eqz(w.second.get), [exit(fault)]),
    ]),
  ];
}

/** Address of byte `count` of an access over two pages. */
const byteAddress = (w: Slow): I32 => {
  const firstBytes = i32.sub(i32.const(PAGE_SIZE), i32.and(i32.wrap(w.va.get), i32.const(PAGE_SIZE - 1)));
  return select(
    i32.ltU(w.count.get, firstBytes),
    i32.add(w.first.get, w.count.get),
    i32.add(w.second.get, i32.sub(w.count.get, firstBytes)),
  );
};
const bitOfCount = (w: Slow): I64 => i64.extendU(i32.shl(w.count.get, i32.const(3)));

function loadBody(w: Slow, meaning: Extract<Semantics, { kind: 'load' }>): readonly Stmt[] {
  const again = label('bytes');
  const up = i64.const(64 - meaning.bytes * 8);
  const raised = i64.shl(w.value.get, up);
  const extended = meaning.unsigned ? i64.shrU(raised, up) : i64.shrS(raised, up);
  const boxed = meaning.float && meaning.bytes === 4 ? i64.or(extended, i64.bits(-1, 0)) : extended;
  return [
    ...translate(w, meaning.bytes, w.mmu.readAt, EXIT_LOAD_FAULT),
    when(
      w.second.get,
      [
        w.value.set(i64.const(0)),
        w.count.set(i32.const(0)),
        loop(again, [
          w.value.set(i64.or(w.value.get, i64.shl(i64.load8U(byteAddress(w)), bitOfCount(w)))),
          w.count.set(i32.add(w.count.get, i32.const(1))),
          brIf(again, i32.ltU(w.count.get, i32.const(meaning.bytes))),
        ]),
        w.value.set(boxed),
      ],
      [w.value.set(meaning.read(w.first.get))],
    ),
    setRd(w.context.get, w.record.get, w.value.get),
    done,
  ];
}

function storeBody(w: Slow, bytes: number, value: I64): readonly Stmt[] {
  const again = label('bytes');
  return [
    ...translate(w, bytes, w.mmu.writeAt, EXIT_STORE_FAULT),
    w.value.set(value),
    when(
      w.second.get,
      [
        w.count.set(i32.const(0)),
        loop(again, [
          store('i64_8', byteAddress(w), i64.shrU(w.value.get, bitOfCount(w))),
          w.count.set(i32.add(w.count.get, i32.const(1))),
          brIf(again, i32.ltU(w.count.get, i32.const(bytes))),
        ]),
      ],
      [store(storeWidth(bytes), w.first.get, w.value.get)],
    ),
    done,
  ];
}

/** Atomics: aligned or nothing. */
function atomicBody(
  w: Slow,
  s: Scope,
  before: Stmt[],
  meaning: Extract<Semantics, { kind: 'lr' | 'sc' | 'amo' }>,
): readonly Stmt[] {
  const reads = meaning.kind === 'lr';
  const args = [w.header.get, w.hart.get, w.tlb.get, w.va.get] as const;
  before.push(
    w.va.set(s.rs1),
    when(i32.and(i32.wrap(w.va.get), i32.const(meaning.bytes - 1)), [
      store('i64', w.hart.get, w.va.get, HART_TVAL),
      exit(reads ? EXIT_LOAD_MISALIGNED : EXIT_STORE_MISALIGNED),
    ]),
    w.first.set((reads ? w.mmu.readAt : w.mmu.writeAt).call(...args)),
    when(i32.eqz(w.first.get), [exit(reads ? EXIT_LOAD_FAULT : EXIT_STORE_FAULT)]),
  );
  const old = meaning.bytes === 4 ? i64.load32S(w.first.get) : i64.load(w.first.get);
  if (meaning.kind === 'lr') {
    return [
      store('i64', w.hart.get, w.va.get, HART_RESERVATION),
      setRd(w.context.get, w.record.get, old),
      done,
    ];
  }
  if (meaning.kind === 'amo') {
    const value = s.bind(old);
    const operand = s.bind(s.rs2);
    return [
      store(storeWidth(meaning.bytes), w.first.get, meaning.combine(value, operand)),
      setRd(w.context.get, w.record.get, value),
      done,
    ];
  }
  const held = s.bind(i64.eq(i64.load(w.hart.get, HART_RESERVATION), w.va.get));
  return [
    when(held, [store(storeWidth(meaning.bytes), w.first.get, s.rs2)]),
    store('i64', w.hart.get, i64.const(-1), HART_RESERVATION),
    setRd(w.context.get, w.record.get, i64.extendU(i32.eqz(held))),
    done,
  ];
}

const RM_DYNAMIC = 7;
const RM_LAST = 4;

/** Floating point in soft-float, under the instruction's rounding mode or, where that is dynamic, the context's. */
function floatBody(w: Slow, s: Scope, before: Stmt[], row: Row, exact: (s: Scope) => I64): readonly Stmt[] {
  const rm = w.second;
  const fcsr = i32.load(w.context.get, CTX_FCSR);
  const prefix = row.format.fields.some((field) => field.operand === 'rm')
    ? [
        rm.set(i32.and(i32.shrU(i32.load(w.record.get, R_AUX), i32.const(5)), i32.const(7))),
        when(i32.eq(rm.get, i32.const(RM_DYNAMIC)), [
          rm.set(i32.and(i32.shrU(fcsr, i32.const(5)), i32.const(7))),
        ]),
        when(i32.gtU(rm.get, i32.const(RM_LAST)), [exit(EXIT_ILLEGAL)]),
      ]
    : [];
  const value = exact(s);
  return [
    ...prefix,
    w.soft.flags.set(i32.const(0)),
    ...before,
    w.value.set(value),
    store('i32', w.context.get, i32.or(fcsr, w.soft.flags.get), CTX_FCSR),
    setRd(w.context.get, w.record.get, w.value.get),
    done,
  ];
}

function bodyOf(w: Slow, row: Row): readonly Stmt[] {
  const meaning = row.semantics;
  const before: Stmt[] = [];
  w.scratch.reset();
  const s = recordScope(w.context.get, w.record.get, w.scratch, before, {
    rm: w.second.get,
    soft: w.soft,
  });
  switch (meaning.kind) {
    case 'load':
      return [w.va.set(i64.add(s.rs1, s.imm)), ...loadBody(w, meaning)];
    case 'store':
      return [w.va.set(i64.add(s.rs1, s.imm)), ...storeBody(w, meaning.bytes, s.rs2)];
    case 'lr':
    case 'sc':
    case 'amo': {
      const rest = atomicBody(w, s, before, meaning);
      return [...before, ...rest];
    }
    case 'csr': {
      const rest = csrBody(w, s, meaning);
      return [...before, ...rest];
    }
    case 'float':
      return floatBody(w, s, before, row, meaning.exact);
    default:
      return [exit(EXIT_ILLEGAL)];
  }
}

/** (header, hart, tlb, context, record) -> 0 when done, else the EXIT_ code; no effect then but HART_TVAL. */
export function buildSlow(m: ModuleBuilder, mmu: MmuFunctions, soft: SoftFloat): Func<'i32'> {
  const f = m.func(['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const w: Slow = {
    f,
    header: f.parameter('i32', 0),
    hart: f.parameter('i32', 1),
    tlb: f.parameter('i32', 2),
    context: f.parameter('i32', 3),
    record: f.parameter('i32', 4),
    va: f.local('i64'),
    first: f.local('i32'),
    second: f.local('i32'),
    count: f.local('i32'),
    value: f.local('i64'),
    mmu,
    soft,
    scratch: new Scratch(f as unknown as Func),
  };
  const row = i32.and(i32.shrU(i32.load(w.record.get, R_AUX), i32.const(8)), i32.const(0xffff));
  const other = label('other');
  const cases = rows.map((r) => [label(r.mnemonic), bodyOf(w, r)] as const);
  let inner: readonly Stmt[] = [
    brTable(
      row,
      cases.map(([to]) => to),
      other,
    ),
  ];
  for (const [at, body] of cases) inner = [block(at, inner), ...body];
  f.body(block(other, [...inner, br(other)]), exit(EXIT_ILLEGAL));
  return f;
}
