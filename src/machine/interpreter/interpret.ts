/**
 * The dispatch function: `br_table` over the records of the page at hand, until something must leave.
 *
 * It calls nothing, so that its locals stay in machine registers (design, rule 1): a miss or a slow case stores the
 * state and returns to `run` (run.ts). One activation is one stretch between two such leaves.
 */
import { EXIT_BUDGET } from '../exits.ts';
import { CTX_PC, CTX_X, CTX_RETIRED, PAGE_SIZE } from '../layout.ts';
import { i32, i64 } from '../wasm/expr.ts';
import type { Func, ModuleBuilder } from '../wasm/module.ts';
import { block, br, brIf, brTable, type Label, label, loop, ret, type Stmt, store } from '../wasm/stmt.ts';
import { type Dispatch, handlers, pcOf } from './handlers.ts';
import { OP_CROSS, OP_ENTER, OP_PAGE_END, OP_UNDECODED } from './ops.ts';
import { pageOf, tlbSlot } from './mmu.ts';
import {
  H_LEFT,
  H_RECORD,
  LEAVE_CROSS,
  LEAVE_DECODE,
  LEAVE_ENTER,
  LEAVE_FETCH,
  LEAVE_SLOW,
  R_IMM,
  R_OP,
  RECORD,
  RECORD_SCALE,
  SIDE_SLOT,
  TLB_EXEC_BLOCK,
  TLB_EXEC_PAGE,
  TLB_EXEC_TAG,
} from './region.ts';
import { Scratch } from './scope.ts';

const one = i32.const(1);

/** Nest blocks so that a branch to the n-th label runs the n-th body. Each body must not fall through. */
function nest(dispatch: Stmt, cases: readonly (readonly [Label, readonly Stmt[]])[]): readonly Stmt[] {
  let inner: readonly Stmt[] = [dispatch];
  for (const [at, body] of cases) inner = [block(at, inner), ...body];
  return inner;
}

/** (header, hart, context, tlb, left) -> an EXIT_ or LEAVE_ code; CTX_PC, CTX_RETIRED, H_LEFT, H_RECORD brought up. */
export function buildInterpret(m: ModuleBuilder): Func<'i32'> {
  const f = m.func(['i32', 'i32', 'i32', 'i32', 'i32'], 'i32');
  const header = f.parameter('i32', 0);
  const budget = f.parameter('i32', 4);
  const left = f.local('i32');
  const op = f.local('i32');
  const slot = f.local('i32');
  const dispatch = label('dispatch');
  const start = label('start');
  const atRecord = label('atRecord');
  const atPc = label('atPc');
  const d: Dispatch = {
    f,
    hart: f.parameter('i32', 1),
    context: f.parameter('i32', 2),
    tlb: f.parameter('i32', 3),
    left,
    record: f.local('i32'),
    pcDelta: f.local('i64'),
    pc: f.local('i64'),
    code: f.local('i32'),
    fetch: label('fetch'),
    next2: label('next2'),
    next4: label('next4'),
    jump: label('jump'),
    exit: label('exit'),
    slow: label('slow'),
    budgetAtRecord: label('budgetAtRecord'),
    budgetAtPc: label('budgetAtPc'),
  };
  const missing = label('missing');
  const pcAtRecord = i64.add(d.pcDelta.get, i64.extendU(i32.shrU(d.record.get, i32.const(3))));
  const side = (SIDE_SLOT - (PAGE_SIZE / 2 - 1)) * RECORD;
  const probeExec = [
    slot.set(i32.add(d.tlb.get, tlbSlot(d.pc.get))),
    i64.ne(i64.load(slot.get, TLB_EXEC_TAG), pageOf(d.pc.get)),
  ] as const;

  // With x0 for the reason that pcOf gives.
  const unretire = left.set(i32.add(left.get, i32.add(one, i32.load(d.context.get, CTX_X))));
  const own: Stmt[][] = [];
  own[OP_UNDECODED] = [d.code.set(i32.const(LEAVE_DECODE)), br(d.exit)];
  own[OP_ENTER] = [d.code.set(i32.const(LEAVE_ENTER)), br(d.exit)];
  own[OP_PAGE_END] = [unretire, d.pc.set(pcOf(d)), br(d.jump)];
  // The second half is read each time, through this address space's own mapping of the next page.
  own[OP_CROSS] = [
    d.code.set(i32.const(LEAVE_CROSS)),
    d.pc.set(i64.add(pcOf(d), i64.const(2))),
    probeExec[0],
    brIf(d.exit, probeExec[1]),
    brIf(
      d.exit,
      i32.ne(i32.load16U(i32.load(slot.get, TLB_EXEC_PAGE)), i32.load(d.record.get, side + R_IMM)),
    ),
    unretire,
    op.set(i32.load16U(d.record.get, side + R_OP)),
    br(dispatch),
  ];
  const scratch = new Scratch(f as unknown as Func);
  const bodies = [
    ...own,
    ...handlers.map((handler) => {
      scratch.reset();
      return handler.build(d, scratch);
    }),
  ];
  const cases = bodies.map((body, i) => [label(`op${i}`), body] as const);
  const table = brTable(
    op.get,
    cases.map(([to]) => to),
    start,
  );

  const fetch = [op.set(i32.load16U(d.record.get, R_OP)), br(dispatch)];
  const advance = (length: number): readonly Stmt[] => [
    d.record.set(i32.add(d.record.get, i32.const(length * RECORD_SCALE))),
    ...fetch,
  ];
  // Here and not before the loop, so that no pc is carried along.
  const beginning = [d.pc.set(i64.load(d.context.get, CTX_PC)), br(d.jump)];

  // One loop, since V8 prepares at the head of an outer one what it takes for constant in an inner one: thirty instructions a jump.
  const run = loop(dispatch, [
    left.set(i32.sub(left.get, one)),
    block(d.fetch, [
      block(d.jump, [
        block(d.next2, [block(d.next4, nest(table, [...cases, [start, beginning]])), ...advance(4)]),
        ...advance(2),
      ]),
      probeExec[0],
      brIf(missing, probeExec[1]),
      slot.set(i32.load(slot.get, TLB_EXEC_BLOCK)),
      d.record.set(
        i32.add(
          slot.get,
          i32.mul(i32.and(i32.wrap(d.pc.get), i32.const(PAGE_SIZE - 2)), i32.const(RECORD_SCALE)),
        ),
      ),
      d.pcDelta.set(i64.sub(pageOf(d.pc.get), i64.extendU(i32.shrU(slot.get, i32.const(3))))),
    ]),
    ...fetch,
  ]);

  const exits: readonly (readonly [Label, number, Label])[] = [
    [d.slow, LEAVE_SLOW, d.exit],
    [d.budgetAtRecord, EXIT_BUDGET, atRecord],
    [missing, LEAVE_FETCH, atPc],
    [d.budgetAtPc, EXIT_BUDGET, atPc],
  ];
  let body: readonly Stmt[] = [run];
  for (const [at, code, to] of exits) body = [block(at, body), d.code.set(i32.const(code)), br(to)];
  const after = i32.add(left.get, one);
  f.body(
    // No instruction yet: the table sends this to the start.
    op.set(i32.const(-1)),
    left.set(budget.get),
    block(atPc, [
      block(atRecord, [
        block(d.exit, body),
        // What is at the record is not done.
        left.set(after),
      ]),
      d.pc.set(pcAtRecord),
      store('i32', header.get, d.record.get, H_RECORD),
    ]),
    store('i64', d.context.get, d.pc.get, CTX_PC),
    store(
      'i64',
      d.context.get,
      i64.add(i64.load(d.context.get, CTX_RETIRED), i64.extendU(i32.sub(budget.get, after))),
      CTX_RETIRED,
    ),
    store('i32', header.get, after, H_LEFT),
    ret(d.code.get),
  );
  return f;
}
