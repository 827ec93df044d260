/**
 * One region as a WebAssembly function: registers in locals, control flow as it is, calls as calls.
 *
 * Built from the ISA's semantics. Where a fast path does not hold, the registers that are dirty are stored and the
 * interpreter does the instruction.
 */
import type { Decoded } from '../../../machine/isa/decode.ts';
import type { Scope, Semantics } from '../../../machine/isa/semantics.ts';
import { CTX_FCSR } from '../../../machine/layout.ts';
import { f64, type I32, type I64, i32, i64 } from '../../../machine/wasm/expr.ts';
import type { Func } from '../../../machine/wasm/module.ts';
import {
  block,
  brIf,
  brRarelyIf,
  brTable,
  label,
  type Label,
  type Local,
  ret,
  type Stmt,
  store,
  when,
  whenRarely,
} from '../../../machine/wasm/stmt.ts';
import { storeWidth } from '../../../machine/interpreter/scope.ts';
import { type Block, CSR_FFLAGS, CSR_FRM, DISPATCH, type End, type Instruction } from './discover.ts';
import { ENTRY_BITS, withEntries } from './entries.ts';
import { Accesses } from './accesses.ts';
import { type Bases, findBases, type Shared, type Web } from './bases.ts';
import { Exits } from './exits.ts';
import { buildGraph, type Graph, isWayIn } from './graph.ts';
import { findModes, modesNeeded } from './modes.ts';
import { leavesSigned32, low32, narrowed, shiftedLeft, shiftedRight, unsignedWordShifted } from './narrow.ts';
import { RegisterLocals } from './locals.ts';
import { analyse, type Flow, none, type Point, type Registers } from './registers.ts';
import { findSigns, type Signs } from './signs.ts';
import { structured } from './structure.ts';
import { PC_ECALL_HIGH, PC_FINISH, PC_PASSED_HIGH, PC_REFUSED_HIGH } from './tables.ts';
import { type Aim, type Linkage, Transfers } from './transfers.ts';

/** Where things are for all regions of a module, and what they may rely on. */
export interface Surroundings extends Linkage {
  /** The host has a fused multiply-add. */
  readonly isFused: boolean;
  /** How many instructions make a region or a loop large: registers are in locals for a block at a time there. */
  readonly large: number;
  /** Address of a TLB to look pages up in, in place of the flat tables; null for those. */
  readonly wideTlb: number | null;
  /** What holds on all ways within the region is taken to hold on the ways in, which are refused if it does not. */
  readonly isTrusting: boolean;
}

const zero = i64.const(0);
const none32 = i32.const(0);

/** What is known before an instruction. */
interface Known {
  readonly shared: Shared | null;
  /** Registers whose base has a meaning, and those that are in i32 locals. */
  readonly bases: number;
  readonly moved: Web | null;
  readonly signed: number;
  /** Bits of fcsr that were looked at. */
  readonly modes: number;
}

class Emitter {
  readonly #f: Func;
  readonly #graph: Graph;
  readonly #flow: Flow;
  readonly #bases: Bases;
  readonly #signs: Signs;
  readonly #modes: readonly (readonly number[])[];
  readonly #locals: RegisterLocals;
  readonly #exits: Exits;
  readonly #left: Local<'i32'>;
  readonly #pc: Local<'i64'>;
  readonly #accesses: Accesses;
  readonly #transfers: Transfers;
  /** The way in that is being taken; 0 once it has been. */
  readonly #enter: Local<'i32'>;
  readonly #root: number;

  /** @param blocks with gates */
  constructor(f: Func, root: number, blocks: readonly Block[], around: Surroundings) {
    this.#f = f;
    this.#root = root;
    this.#graph = buildGraph(blocks);
    this.#flow = analyse(this.#graph, around.large);
    this.#bases = findBases(this.#graph, this.#flow);
    this.#signs = findSigns(this.#graph, this.#flow.points, around.isTrusting);
    this.#modes = findModes(this.#graph);
    this.#locals = new RegisterLocals(f, blocks, around.isFused);
    this.#left = f.parameter('i32', 1);
    this.#enter = f.parameter('i32', 3);
    this.#pc = f.local('i64');
    const depth = f.parameter('i32', 2);
    const place = f.local('i32');
    this.#accesses = new Accesses(around.tables, around.wideTlb, this.#locals);
    this.#transfers = new Transfers(around, this.#locals, this.#left, depth, this.#pc, place);
    this.#exits = new Exits(root, f.local('i32'), this.#left);
  }

  build(): void {
    const body = structured(this.#graph, (index, go) => this.#block(index, go));
    const whole = this.#exits.around(body, (registers, signed) =>
      this.#locals.storeRarely(registers, signed),
    );
    this.#f.body(...this.#locals.loadModes(), ...whole);
  }

  /** What an edge does to locals. @param dirty registers that are not in the context yet */
  #onEdge(from: number, to: number, dirty: Registers): readonly Stmt[] {
    const { fresh, needed, validAtEnd } = this.#flow;
    const isFresh = fresh[to] === true;
    const before = this.#signs.atEnd[from] as number;
    const after = this.#signs.atStart[to] as number;
    const { x, f } = needed[to] as Registers;
    const out: Stmt[] = [];
    if (isFresh) out.push(...this.#locals.store(dirty, before));
    else if (from === 0) out.push(...this.#locals.load({ x, f }, 0));
    else out.push(...this.#locals.widen((validAtEnd[from] as Registers).x & before & ~after));
    const doubtful = x & after & ~before;
    if (doubtful === 0 || !isWayIn(this.#graph, from, to)) return out;
    // What holds on the ways from within is only supposed to hold here.
    if (isFresh) out.push(...this.#locals.load({ x: doubtful, f: 0 }, 0));
    const { out: narrow, isWider } = this.#locals.narrow(doubtful);
    const leave = ret(i64.add(this.#pc.get, i64.bits(PC_REFUSED_HIGH, 0)), this.#left.get);
    const stored = isFresh ? [] : this.#locals.store(dirty, before);
    return [...out, ...narrow, whenRarely(isWider, [...stored, leave])];
  }

  #block(index: number, goOn: (to: number) => readonly Stmt[]): readonly Stmt[] {
    const { code, end } = this.#graph.blocks[index] as Block;
    const points = this.#flow.points[index] as readonly Point[];
    const shared = this.#bases.shared[index] as readonly (Shared | null)[];
    const bases = this.#bases.known[index] as readonly number[];
    const moved = this.#bases.moved[index] as readonly (Web | null)[];
    const modes = this.#modes[index] as readonly number[];
    const signs = this.#signs.before[index] as readonly number[];
    this.#locals.forgetShifts(-1);
    const out: Stmt[] =
      this.#flow.fresh[index] === true
        ? [
            ...this.#locals.forgetBases(this.#bases.registers),
            ...this.#locals.load(this.#flow.needed[index] as Registers, this.#signs.atStart[index] as number),
          ]
        : [];
    /** Instructions retired since `left` was brought up to date. */
    let count = 0;
    code.forEach((instruction, i) => {
      const known: Known = {
        shared: shared[i] ?? null,
        bases: bases[i] as number,
        moved: moved[i] ?? null,
        modes: modes[i] as number,
        signed: signs[i] as number,
      };
      count = this.#instruction(instruction, points[i] as Point, known, count, out);
    });
    const last = code[code.length - 1] as Instruction | undefined;
    const signed = this.#signs.atEnd[index] as number;
    const valid = this.#flow.validAtEnd[index] as Registers;
    let dirty = this.#flow.dirtyAtEnd[index] as Registers;
    if (this.#graph.successors[index]?.every((to) => this.#flow.fresh[to]) === true) {
      // Whichever way it goes, and before the ways part.
      out.push(...this.#locals.store(dirty, signed));
      dirty = none();
    }
    const go = (to: number): readonly Stmt[] => [...this.#onEdge(index, to, dirty), ...goOn(to)];
    const retire = (): void => {
      if (count > 0) out.push(this.#left.set(i32.sub(this.#left.get, i32.const(count))));
    };
    const to = (pc: number, from: number): readonly Stmt[] => {
      const checked = pc <= from;
      const target = this.#graph.target(index, pc);
      if (target < 0) return this.#transfers.tail({ pc: i64.const(pc), known: pc }, dirty, signed, checked);
      if (!checked) return go(target);
      const isSpent = i32.leS(this.#left.get, none32);
      return [this.#exits.leaveIf(isSpent, { dirty, valid, signed }, pc, 0), ...go(target)];
    };
    switch (end.kind) {
      case 'fall':
        retire();
        out.push(...to(end.next, end.next - 1));
        break;
      case 'jump':
        retire();
        out.push(...to(end.to, (last as Instruction).pc));
        break;
      case 'branch': {
        const { decoded, pc } = last as Instruction;
        const { semantics } = decoded.row;
        if (semantics.kind !== 'branch') throw new TypeError('a block ends in a branch that is none');
        const taken = narrowed(semantics.taken(this.#locals.scope(decoded, pc, signed, out)));
        retire();
        if (end.taken === end.next) {
          // Taken or not, control goes on behind it, and forward is no check point.
          out.push(...to(end.next, pc));
          break;
        }
        out.push(when(taken, to(end.taken, pc), to(end.next, pc)));
        break;
      }
      case 'indirect': {
        const { decoded, pc } = last as Instruction;
        const { rs1, imm } = this.#locals.scope(decoded, pc, signed, out);
        retire();
        const target = i64.and(i64.add(rs1, imm), i64.const(-2));
        const dispatch = end.isReturn ? -1 : this.#graph.target(index, DISPATCH);
        if (end.isReturn) out.push(...this.#locals.store(dirty, signed), ret(target, this.#left.get));
        else if (dispatch < 0)
          out.push(...this.#transfers.tail({ pc: target, known: null }, dirty, signed, true));
        else out.push(this.#pc.set(target), ...go(dispatch));
        break;
      }
      case 'gate':
        out.push(...this.#gate(index, end, go));
        break;
      case 'dispatch':
        out.push(...this.#dispatch(index, end.targets, dirty, go));
        break;
      case 'leave':
        retire();
        out.push(
          ...this.#locals.store(dirty, signed),
          ret(
            i64.add(i64.const(end.pc), i64.bits(end.isEcall ? PC_ECALL_HIGH : PC_PASSED_HIGH, 0)),
            this.#left.get,
          ),
        );
        break;
    }
    return out;
  }

  /** Go on by the way in that is being taken, or as if there were none. */
  #gate(
    index: number,
    { cases, other }: Extract<End, { kind: 'gate' }>,
    go: (to: number) => readonly Stmt[],
  ): readonly Stmt[] {
    const enter = this.#enter;
    const at = (start: number): number => this.#graph.target(index, start);
    const onwards = go(at(other));
    if (cases.size === 0) return onwards;
    const straight = label('straight');
    const labels: Label[] = [];
    const ways = [...cases].map(([start, doors]) => {
      const way = label(`way to ${start}`);
      for (const { index: door } of doors) labels[door] = way;
      const to = at(start);
      const isThere = doors.some((door) => door.start === start) && !this.#isGate(to);
      return { way, body: isThere ? [enter.set(none32), ...go(to)] : go(to) };
    });
    let chosen: I32 = enter.get;
    const before: Stmt[] = [brIf(straight, i32.eqz(enter.get))];
    if (index === 0) {
      const offset = i64.extendS(i32.shl(i32.shrS(enter.get, i32.const(ENTRY_BITS)), i32.const(1)));
      before.push(this.#pc.set(i64.add(i64.const(this.#root), offset)));
      chosen = enter.tee(i32.and(enter.get, i32.const((1 << ENTRY_BITS) - 1)));
    }
    const isInside = label('inside');
    let body: readonly Stmt[] = [
      ...before,
      brTable(
        chosen,
        Array.from(labels, (way) => way ?? isInside),
        isInside,
      ),
    ];
    for (const { way, body: then } of ways) body = [block(way, body), ...then];
    return [block(straight, [block(isInside, body), enter.set(none32)]), ...onwards];
  }

  #isGate(index: number): boolean {
    return (this.#graph.blocks[index] as Block).end.kind === 'gate';
  }

  /** Go on at `pc`, at one of `targets` or outside. A check point. */
  #dispatch(
    index: number,
    targets: readonly number[],
    dirty: Registers,
    go: (to: number) => readonly Stmt[],
  ): readonly Stmt[] {
    const elsewhere = label('elsewhere');
    const inside = targets.flatMap((pc) => {
      const to = this.#graph.target(index, pc);
      return to < 0 ? [] : [{ pc, to, label: label(`to ${pc}`) }];
    });
    const first = Math.min(...inside.map(({ pc }) => pc));
    const last = Math.max(...inside.map(({ pc }) => pc));
    const labels = Array.from({ length: (last - first) / 2 + 1 }, () => elsewhere);
    for (const one of inside) labels[(one.pc - first) / 2] = one.label;
    const offset = i64.sub(this.#pc.get, i64.const(first));
    let body: readonly Stmt[] = [
      brRarelyIf(elsewhere, i32.leS(this.#left.get, none32)),
      brRarelyIf(elsewhere, i64.gtU(offset, i64.const(last - first))),
      brTable(i32.shrU(i32.wrap(offset), i32.const(1)), labels, elsewhere),
    ];
    for (const { label: at, to } of inside) body = [block(at, body), ...go(to)];
    return [
      block(elsewhere, body),
      ...this.#transfers.tail(
        { pc: this.#pc.get, known: null },
        dirty,
        this.#signs.atEnd[index] as number,
        true,
      ),
    ];
  }

  /** fflags, frm or fcsr: fields of one word. What sets or clears nothing does not write. */
  #csr(
    decoded: Decoded,
    { action, immediate }: Extract<Semantics, { kind: 'csr' }>,
    s: Scope,
    out: Stmt[],
  ): void {
    const { imm, rs1 } = decoded.operands;
    const shift = imm === CSR_FRM ? 5 : 0;
    const mask = imm === CSR_FFLAGS ? 0x1f : imm === CSR_FRM ? 0xe0 : 0xff;
    const fcsr = this.#locals.fcsr.get;
    const old = s.bind(i32.shrU(i32.and(fcsr, i32.const(mask)), i32.const(shift)));
    const operand = s.bind(immediate ? i32.const(rs1) : i32.wrap(s.rs1));
    out.push(this.#locals.setRd(decoded, i64.extendU(old)));
    if (action !== 'write' && rs1 === 0) return;
    const value =
      action === 'write'
        ? operand
        : action === 'set'
          ? i32.or(old, operand)
          : i32.and(old, i32.xor(operand, i32.const(-1)));
    const field = i32.and(i32.shl(value, i32.const(shift)), i32.const(mask));
    out.push(
      this.#locals.fcsr.set(i32.or(i32.and(fcsr, i32.const(~mask)), field)),
      store('i32', this.#locals.context.get, fcsr, CTX_FCSR),
    );
  }

  #integer(decoded: Decoded, value: I64, isSigned: boolean, out: Stmt[]): void {
    const { rd, rs1 } = decoded.operands;
    const right = shiftedRight(value);
    const before = right === 0 ? null : this.#locals.shifted(rs1);
    const word = before !== null && value.a === this.#locals.integer(rs1).get ? before : null;
    const from = shiftedLeft(value) === 32 ? low32(value.a as I64) : null;
    this.#locals.forgetShifts(1 << rd);
    if (from !== null) out.push(this.#locals.noteShift(rd, from));
    const exact = word === null ? value : unsignedWordShifted(word, right);
    out.push(this.#locals.setRd(decoded, exact, isSigned));
  }

  /** @returns instructions retired since `left` was brought up to date */
  #instruction(instruction: Instruction, point: Point, known: Known, count: number, out: Stmt[]): number {
    const { decoded, pc } = instruction;
    const { shared, bases, moved, modes, signed } = known;
    this.#locals.reset();
    const { operands, length, row } = decoded;
    const meaning: Semantics = row.semantics;
    const leaveIf = (condition: I32): Stmt =>
      this.#exits.leaveIf(
        condition,
        { dirty: point.dirty, valid: point.valid, signed },
        pc + PC_FINISH,
        count,
      );
    const s = this.#locals.scope(decoded, pc, signed, out);
    const isSigned = leavesSigned32(decoded, signed);
    const { x } = point.effects.defines;
    switch (meaning.kind) {
      case 'integer':
        if (operands.rd !== 0) this.#integer(decoded, meaning.value(s), isSigned, out);
        break;
      case 'load':
        out.push(
          ...this.#accesses.at(s, operands.imm, meaning.bytes, false, shared, leaveIf, (at, offset) =>
            this.#locals.setRd(decoded, meaning.read(at, offset), isSigned),
          ),
        );
        break;
      case 'store':
        out.push(
          ...this.#accesses.at(s, operands.imm, meaning.bytes, true, shared, leaveIf, (at, offset) =>
            meaning.float && meaning.bytes === 8
              ? store('f64', at, f64.fromBits(s.rs2), offset)
              : store(storeWidth(meaning.bytes), at, s.rs2, offset),
          ),
        );
        break;
      case 'amo': {
        const va = s.bind(s.rs1);
        out.push(leaveIf(i64.ne(i64.and(va, i64.const(meaning.bytes - 1)), zero)));
        const at = s.bind(this.#accesses.alone(out, va, meaning.bytes, true, leaveIf));
        const old = s.bind(meaning.bytes === 4 ? i64.load32S(at) : i64.load(at));
        const operand = s.bind(s.rs2);
        out.push(
          store(storeWidth(meaning.bytes), at, meaning.combine(old, operand)),
          this.#locals.setRd(decoded, old),
        );
        break;
      }
      case 'float': {
        const { fast } = meaning;
        if (fast === null) throw new TypeError(`${row.mnemonic} has no fast path`);
        const needed = modesNeeded(decoded);
        if ((needed & ~modes) !== 0) {
          const found = i32.and(this.#locals.fcsr.get, i32.const(needed));
          out.push(leaveIf(i32.ne(found, i32.const(1))));
        }
        const { ok, result } = fast.value(s);
        for (const { usual, rare } of ok) {
          const not = i32.eqz(usual);
          out.push(rare === null ? leaveIf(not) : whenRarely(not, [leaveIf(i32.eqz(rare))]));
        }
        out.push(this.#locals.setRd(decoded, result));
        break;
      }
      case 'csr':
        this.#csr(decoded, meaning, s, out);
        break;
      case 'jal':
      case 'jalr': {
        if (operands.rd === 0) break;
        const aim: Aim =
          meaning.kind === 'jal'
            ? { pc: i64.const(pc + operands.imm), known: pc + operands.imm }
            : { pc: i64.and(i64.add(s.rs1, s.imm), i64.const(-2)), known: null };
        out.push(
          this.#left.set(i32.sub(this.#left.get, i32.const(count + 1))),
          ...this.#transfers.call(aim, operands.rd, pc + length, point, bases, signed),
        );
        return 0;
      }
      default:
        break;
    }
    if (moved !== null) {
      out.push(this.#accesses.move(moved, operands.imm));
      return count + 1;
    }
    // A base is that of a value that is gone.
    if (meaning.kind !== 'integer') this.#locals.forgetShifts(x);
    if (x !== 0 && ((bases & x) !== 0 || shared?.web.register === 31 - Math.clz32(x)))
      out.push(this.#locals.base(31 - Math.clz32(x)).set(none32));
    return count + 1;
  }
}

/** A pc at which a region can be entered besides its root, and what its fourth parameter is then. */
export interface WayIn {
  readonly pc: number;
  readonly enter: number;
}

/**
 * Give a function of type TRANSLATION the code of a region.
 * @param blocks the root first; at least one @param wanted where it is to be possible to enter besides loops
 */
export function emitRegion(
  f: Func,
  blocks: readonly Block[],
  wanted: ReadonlySet<number>,
  around: Surroundings,
): readonly WayIn[] {
  const root = (blocks[0] as Block).start;
  const { blocks: gated, doors } = withEntries(blocks, wanted);
  new Emitter(f, root, gated, around).build();
  const way = (pc: number, index: number): WayIn => ({
    pc,
    enter: index | (((pc - root) / 2) << ENTRY_BITS),
  });
  const ways = doors.filter(({ start }) => start >= 0).map(({ start, index }) => way(start, index));
  const dispatch = doors.find(({ start }) => start === DISPATCH);
  if (dispatch === undefined) return ways;
  const direct = new Set(ways.map(({ pc }) => pc));
  const targets = blocks.flatMap(({ end }) => (end.kind === 'dispatch' ? end.targets : []));
  const indirect = targets
    .filter((pc) => pc !== root && !direct.has(pc))
    .map((pc) => way(pc, dispatch.index));
  return [...ways, ...indirect];
}
