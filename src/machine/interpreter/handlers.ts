/**
 * Handlers: for each instruction and variant, the statements that carry it out on a predecoded record.
 *
 * Built from the ISA tables by kind of semantics; nothing here knows a mnemonic. A handler that meets its slow case
 * (TLB miss, misalignment, exact floating point) leaves without effect, and slow.ts does the whole instruction.
 * ops.ts names the variants, so that predecode (predecode.ts) and dispatch (interpret.ts) agree.
 */
import { EXIT_BREAKPOINT, EXIT_ECALL, EXIT_ILLEGAL } from '../exits.ts';
import { rows } from '../isa/decode.ts';
import type { Row } from '../isa/row.ts';
import type { Scope } from '../isa/semantics.ts';
import { CTX_FCSR, CTX_X, HART_RESERVATION } from '../layout.ts';
import { type I32, type I64, i32, i64 } from '../wasm/expr.ts';
import type { Func } from '../wasm/module.ts';
import { br, brIf, type Label, type Local, type Stmt, store, when } from '../wasm/stmt.ts';
import { tlbSlot } from './mmu.ts';
import { keyOf, lengthsOf, opKeys } from './ops.ts';
import { R_IMM, TLB_READ_DELTA, TLB_READ_TAG, TLB_WRITE_DELTA, TLB_WRITE_TAG } from './region.ts';
import { recordScope, type Scratch, setRd, storeWidth } from './scope.ts';

/** The locals and labels of the dispatch function that handlers use. */
export interface Dispatch {
  readonly f: Func<'i32'>;
  readonly hart: Local<'i32'>;
  readonly context: Local<'i32'>;
  readonly tlb: Local<'i32'>;
  /** What will be left of the budget behind the instruction at hand, less one: so a spent one is negative. */
  readonly left: Local<'i32'>;
  readonly record: Local<'i32'>;
  /** The pc less record / RECORD_SCALE. */
  readonly pcDelta: Local<'i64'>;
  readonly pc: Local<'i64'>;
  readonly code: Local<'i32'>;
  /** On to the record at hand. */
  readonly fetch: Label;
  /** On to the record behind an instruction of two bytes, or of four. */
  readonly next2: Label;
  readonly next4: Label;
  /** Go to `pc`, in any page. */
  readonly jump: Label;
  /** Leave with `code` at the record's pc. */
  readonly exit: Label;
  /** Leave with LEAVE_SLOW at the record. */
  readonly slow: Label;
  /** Leave with EXIT_BUDGET, next instruction at the record. */
  readonly budgetAtRecord: Label;
  /** Leave with EXIT_BUDGET, next instruction at `pc`. */
  readonly budgetAtPc: Label;
}

export interface Handler {
  readonly key: string;
  readonly build: (d: Dispatch, scratch: Scratch) => readonly Stmt[];
}

const one = i32.const(1);
/** On to the next record. */
const next = (d: Dispatch, length: number): Stmt => br(length === 2 ? d.next2 : d.next4);
/**
 * The pc of the record at hand.
 *
 * Adding x0 keeps V8 from working out the pc for all handlers at once, before each dispatch: it takes what several of them would compute
 * to where their ways part, but not what was loaded.
 */
export const pcOf = (d: Dispatch): I64 => {
  const record = i32.add(d.record.get, i32.load(d.context.get, CTX_X));
  return i64.add(d.pcDelta.get, i64.extendU(i32.shrU(record, i32.const(3))));
};
const leave = (d: Dispatch, code: number): readonly Stmt[] => [d.code.set(i32.const(code)), br(d.exit)];

const isSpent = (d: Dispatch): I32 => i32.ltS(d.left.get, i32.const(0));
/** It is, and a transfer goes to its own pc or back. */
const isSpentThere = (d: Dispatch, distance: I32): I32 =>
  i32.ltS(i32.and(i32.sub(distance, one), d.left.get), i32.const(0));

/** Probe the TLB for `bytes` at the bound `va`; leave if not there or misaligned. @returns the physical address */
function probe(d: Dispatch, scratch: Scratch, out: Stmt[], va: I64, bytes: number, write: boolean): I32 {
  const slot = scratch.take('i32');
  const tag = write ? TLB_WRITE_TAG : TLB_READ_TAG;
  const delta = write ? TLB_WRITE_DELTA : TLB_READ_DELTA;
  out.push(
    slot.set(i32.add(d.tlb.get, tlbSlot(va))),
    brIf(d.slow, i64.ne(i64.and(va, i64.const(-4096 | (bytes - 1))), i64.load(slot.get, tag))),
  );
  return i32.add(i32.wrap(va), i32.load(slot.get, delta));
}

type Build = (d: Dispatch, scratch: Scratch, length: number) => readonly Stmt[];

/** A handler body that starts by evaluating a scope. */
const scoped =
  (body: (d: Dispatch, s: Scope, out: Stmt[], scratch: Scratch, length: number) => void): Build =>
  (d, scratch, length) => {
    const out: Stmt[] = [];
    const s = recordScope(d.context.get, d.record.get, scratch, out, { pc: pcOf(d) });
    body(d, s, out, scratch, length);
    return out;
  };

const address = (s: Scope): I64 => s.bind(i64.add(s.rs1, s.imm));

/** Transfer of control inside the page: `imm` counts record bytes. A check point unless forward and no call. */
const nearTransfer = (d: Dispatch, isCall: boolean): readonly Stmt[] => {
  const distance = i32.load(d.record.get, R_IMM);
  if (isCall) {
    return [d.record.set(i32.add(d.record.get, distance)), brIf(d.budgetAtRecord, isSpent(d)), br(d.fetch)];
  }
  return [
    d.code.set(distance),
    d.record.set(i32.add(d.record.get, d.code.get)),
    brIf(d.budgetAtRecord, isSpentThere(d, d.code.get)),
    br(d.fetch),
  ];
};

/** Transfer to another page: `imm` counts bytes. */
const farTransfer = (d: Dispatch, isCall: boolean): readonly Stmt[] => {
  const distance = i32.load(d.record.get, R_IMM);
  const spent = isCall ? isSpent(d) : isSpentThere(d, distance);
  return [d.pc.set(i64.add(pcOf(d), i64.extendS(distance))), brIf(d.budgetAtPc, spent), br(d.jump)];
};

/** Variants of one row, by name. */
function variantsOf(row: Row): readonly (readonly [variant: string, build: Build])[] {
  const meaning = row.semantics;
  switch (meaning.kind) {
    case 'integer':
      return [
        [
          'rd',
          scoped((d, s, out, _, length) => {
            const value = meaning.value(s);
            out.push(setRd(d.context.get, d.record.get, value), next(d, length));
          }),
        ],
      ];
    case 'load':
      return [
        [
          '',
          scoped((d, s, out, scratch, length) => {
            const at = probe(d, scratch, out, address(s), meaning.bytes, false);
            out.push(setRd(d.context.get, d.record.get, meaning.read(at)), next(d, length));
          }),
        ],
      ];
    case 'store':
      return [
        [
          '',
          scoped((d, s, out, scratch, length) => {
            const at = probe(d, scratch, out, address(s), meaning.bytes, true);
            out.push(store(storeWidth(meaning.bytes), at, s.rs2), next(d, length));
          }),
        ],
      ];
    case 'branch':
      return [
        [
          'near',
          scoped((d, s, out, _, length) => {
            out.push(when(meaning.taken(s), nearTransfer(d, false)), next(d, length));
          }),
        ],
        [
          'far',
          scoped((d, s, out, _, length) => {
            out.push(when(meaning.taken(s), farTransfer(d, false)), next(d, length));
          }),
        ],
      ];
    case 'jal': {
      const link: Build = (d, _, length) => [
        setRd(d.context.get, d.record.get, i64.add(pcOf(d), i64.const(length))),
      ];
      return [
        ['near', (d) => nearTransfer(d, false)],
        ['far', (d) => farTransfer(d, false)],
        ['near-call', (d, scratch, length) => [...link(d, scratch, length), ...nearTransfer(d, true)]],
        ['far-call', (d, scratch, length) => [...link(d, scratch, length), ...farTransfer(d, true)]],
      ];
    }
    case 'jalr':
      return [
        [
          '',
          scoped((d, s, out, _, length) => {
            // The target before the link: rd may be rs1.
            out.push(
              d.pc.set(i64.and(i64.add(s.rs1, s.imm), i64.const(-2))),
              setRd(d.context.get, d.record.get, i64.add(pcOf(d), i64.const(length))),
              brIf(d.budgetAtPc, isSpent(d)),
              br(d.jump),
            );
          }),
        ],
      ];
    case 'amo':
      return [
        [
          '',
          scoped((d, s, out, scratch, length) => {
            const at = s.bind(probe(d, scratch, out, s.bind(s.rs1), meaning.bytes, true));
            const old = s.bind(meaning.bytes === 4 ? i64.load32S(at) : i64.load(at));
            const operand = s.bind(s.rs2);
            out.push(
              store(storeWidth(meaning.bytes), at, meaning.combine(old, operand)),
              setRd(d.context.get, d.record.get, old),
              next(d, length),
            );
          }),
        ],
      ];
    case 'lr':
      return [
        [
          '',
          scoped((d, s, out, scratch, length) => {
            const va = s.bind(s.rs1);
            const at = probe(d, scratch, out, va, meaning.bytes, false);
            out.push(
              store('i64', d.hart.get, va, HART_RESERVATION),
              setRd(d.context.get, d.record.get, meaning.bytes === 4 ? i64.load32S(at) : i64.load(at)),
              next(d, length),
            );
          }),
        ],
      ];
    case 'sc':
      return [
        [
          '',
          scoped((d, s, out, scratch, length) => {
            const va = s.bind(s.rs1);
            const at = s.bind(probe(d, scratch, out, va, meaning.bytes, true));
            const held = s.bind(i64.eq(i64.load(d.hart.get, HART_RESERVATION), va));
            out.push(
              when(held, [store(storeWidth(meaning.bytes), at, s.rs2)]),
              store('i64', d.hart.get, i64.const(-1), HART_RESERVATION),
              setRd(d.context.get, d.record.get, i64.extendU(i32.eqz(held))),
              next(d, length),
            );
          }),
        ],
      ];
    case 'ecall':
      return [['', (d) => leave(d, EXIT_ECALL)]];
    case 'ebreak':
      return [['', (d) => leave(d, EXIT_BREAKPOINT)]];
    case 'float': {
      const fast = meaning.fast;
      if (fast === null) return [];
      return [
        [
          'fast',
          scoped((d, s, out, _, length) => {
            if (fast.when === 'rne') {
              // imm masks fcsr: NX, and frm where the mode is dynamic. NX must be set and frm be RNE.
              const fcsr = i32.load(d.context.get, CTX_FCSR);
              out.push(brIf(d.slow, i32.ne(i32.and(fcsr, i32.load(d.record.get, R_IMM)), one)));
            } else if (fast.when === 'rtz') {
              out.push(brIf(d.slow, i32.eqz(i32.and(i32.load(d.context.get, CTX_FCSR), one))));
            }
            const { ok, result } = fast.value(s);
            for (const { usual, rare } of ok)
              out.push(brIf(d.slow, i32.eqz(rare === null ? usual : i32.or(usual, rare))));
            out.push(setRd(d.context.get, d.record.get, result), next(d, length));
          }),
        ],
      ];
    }
    case 'fence':
    case 'fence.i':
    case 'csr':
      return [];
  }
}

const builds: ReadonlyMap<string, Handler['build']> = new Map([
  ['illegal', (d: Dispatch) => leave(d, EXIT_ILLEGAL)],
  ['slow', (d: Dispatch) => [br(d.slow)]],
  ['nop/4', (d: Dispatch) => [next(d, 4)]],
  ['nop/2', (d: Dispatch) => [next(d, 2)]],
  ...rows.flatMap((row) =>
    variantsOf(row).flatMap(([variant, build]) =>
      lengthsOf(row).map(
        (length) =>
          [
            keyOf(row, variant, length),
            (d: Dispatch, scratch: Scratch): readonly Stmt[] => build(d, scratch, length),
          ] as const,
      ),
    ),
  ),
]);

function handlerOf(key: string): Handler {
  const build = builds.get(key);
  if (build === undefined) throw new RangeError(`no handler ${key}`);
  return { key, build };
}

/** In the order of their ops, from the first that has a key. */
export const handlers: readonly Handler[] = opKeys.map(handlerOf);
