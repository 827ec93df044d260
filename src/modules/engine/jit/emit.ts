/**
 * One region as a WebAssembly function: registers in locals, control flow as it is, calls as calls.
 *
 * Built from the ISA's semantics. Where a fast path does not hold, the registers that are dirty are stored and the
 * interpreter does the instruction.
 */
import { type I32, type I64, i32, i64 } from '../../../machine/wasm/expr.ts';
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
  when,
  whenRarely,
} from '../../../machine/wasm/stmt.ts';
import { type Block, DISPATCH, type End, type Instruction } from './discover.ts';
import { ENTRY_BITS, withEntries } from './entries.ts';
import { Accesses } from './accesses.ts';
import { findChains } from './chains.ts';
import { type Bases, findBases, type Shared, type Web } from './bases.ts';
import { Exits } from './exits.ts';
import { buildGraph, type Graph, isWayIn } from './graph.ts';
import { findModes } from './modes.ts';
import { Instructions, type Known } from './instructions.ts';
import { narrowed } from './narrow.ts';
import { RegisterLocals } from './locals.ts';
import { analyse, type Flow, none, type Point, type Registers } from './registers.ts';
import { splitNodes } from './split.ts';
import { findSigns, type Signs } from './signs.ts';
import { structured } from './structure.ts';
import { PC_ECALL_HIGH, PC_PASSED_HIGH, PC_REFUSED_HIGH } from './tables.ts';
import { type Linkage, Transfers } from './transfers.ts';
import { type Ahead, findRoots, type Lookout, registersOf, type Rooted } from './turns.ts';
import { type Turns, unrolled } from './unroll.ts';

/** Where things are for all regions of a module, and what they may rely on. */
export interface Surroundings extends Linkage {
  /** The host has a fused multiply-add. */
  readonly isFused: boolean;
  /** How many instructions make a region or a loop large: registers are in locals for a block at a time there. */
  readonly large: number;
  /** Starts of blocks whose loops are worth more than being translated as they are. */
  readonly hot: ReadonlySet<number>;
  /** What holds on all ways within the region is taken to hold on the ways in, which are refused if it does not. */
  readonly isTrusting: boolean;
}

const none32 = i32.const(0);

class Emitter {
  readonly #f: Func;
  readonly #graph: Graph;
  readonly #flow: Flow;
  readonly #bases: Bases;
  readonly #rooted: Rooted;
  readonly #chained: readonly (readonly boolean[])[];
  readonly #signs: Signs;
  readonly #modes: readonly (readonly number[])[];
  readonly #locals: RegisterLocals;
  readonly #exits: Exits;
  readonly #left: Local<'i32'>;
  readonly #pc: Local<'i64'>;
  readonly #instructions: Instructions;
  readonly #transfers: Transfers;
  readonly #accesses: Accesses;
  /** The way in that is being taken; 0 once it has been. */
  readonly #enter: Local<'i32'>;
  readonly #root: number;

  /** @param blocks with gates */
  constructor(f: Func, root: number, blocks: readonly Block[], around: Surroundings) {
    this.#f = f;
    this.#root = root;
    this.#graph = buildGraph(blocks);
    this.#chained = findChains(this.#graph, around);
    this.#rooted = findRoots(this.#graph);
    const looked = this.#graph.blocks.map(({ end }) =>
      end.kind === 'turns' ? registersOf(this.#rooted.lookouts.get(end.turns) as Lookout) : 0,
    );
    this.#flow = analyse(this.#graph, around.large, looked);
    this.#bases = findBases(this.#graph, this.#flow, this.#rooted.ahead);
    this.#signs = findSigns(this.#graph, this.#flow, around.isTrusting);
    this.#modes = findModes(this.#graph);
    this.#locals = new RegisterLocals(f, blocks, around.isFused);
    this.#left = f.parameter('i32', 1);
    this.#enter = f.parameter('i32', 3);
    this.#pc = f.local('i64');
    const depth = f.parameter('i32', 2);
    const place = f.local('i32');
    this.#accesses = new Accesses(around.tables, this.#locals);
    this.#transfers = new Transfers(around, this.#locals, this.#left, depth, this.#pc, place);
    this.#exits = new Exits(root, f.local('i32'), this.#left);
    this.#instructions = new Instructions(
      this.#locals,
      this.#accesses,
      this.#transfers,
      this.#exits,
      this.#left,
    );
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
    const { end } = this.#graph.blocks[to] as Block;
    if (end.kind === 'turns') {
      const lookout = this.#rooted.lookouts.get(end.turns) as Lookout;
      if (!lookout.body.has(from)) out.push(...this.#accesses.forgetAhead(lookout));
    }
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
    const { code, end, turns } = this.#graph.blocks[index] as Block;
    const points = this.#flow.points[index] as readonly Point[];
    const shared = this.#bases.shared[index] as readonly (Shared | null)[];
    const bases = this.#bases.known[index] as readonly number[];
    const moved = this.#bases.moved[index] as readonly (Web | null)[];
    const ahead = this.#rooted.ahead[index] as readonly (Ahead | null)[];
    const chained = this.#chained[index] as readonly boolean[];
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
        ahead: ahead[i] ?? null,
        guess: chained[i] === true ? instruction.pc / 2 : null,
        modes: modes[i] as number,
        signed: signs[i] as number,
      };
      count = this.#instructions.emit(instruction, points[i] as Point, known, count, out);
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
    /** On to a pc. @param checked a spent budget stops there */
    const to = (pc: number, checked: boolean): readonly Stmt[] => {
      const target = this.#graph.target(index, pc);
      if (target < 0) return this.#transfers.tail({ pc: i64.const(pc), known: pc }, dirty, signed, checked);
      // Within turns it is not spent, and before the next ones it is looked at.
      if (!checked || this.#isAmong(turns, target)) return go(target);
      const isSpent = i32.leS(this.#left.get, none32);
      return [this.#exits.leaveIf(isSpent, { dirty, valid, signed }, pc, 0), ...go(target)];
    };
    const leave = (): readonly Stmt[] => [
      ...this.#locals.store(dirty, signed),
      ret(this.#pc.get, this.#left.get),
    ];
    switch (end.kind) {
      case 'fall':
        retire();
        out.push(...to(end.next, false));
        break;
      case 'jump':
        retire();
        out.push(...to(end.to, end.to <= (last as Instruction).pc));
        break;
      case 'branch': {
        const { decoded, pc } = last as Instruction;
        const { semantics } = decoded.row;
        if (semantics.kind !== 'branch') throw new TypeError('a block ends in a branch that is none');
        const taken = narrowed(semantics.taken(this.#locals.scope(decoded, pc, signed, out)));
        retire();
        if (end.taken === end.next) {
          // Taken or not, control goes on behind it, and forward is no check point.
          out.push(...to(end.next, false));
          break;
        }
        out.push(when(taken, to(end.taken, end.taken <= pc), to(end.next, false)));
        break;
      }
      case 'indirect': {
        // Where to was noted by the instruction.
        const target = this.#pc.get;
        retire();
        const dispatch = end.isReturn ? -1 : this.#graph.target(index, DISPATCH);
        if (end.isReturn) out.push(...leave());
        else if (dispatch >= 0) out.push(...go(dispatch));
        else out.push(...this.#transfers.tail({ pc: target, known: null }, dirty, signed, true));
        break;
      }
      case 'call':
        retire();
        out.push(...to(end.to, true));
        break;
      case 'return':
        retire();
        out.push(whenRarely(i64.ne(this.#pc.get, i64.const(end.back)), leave()), ...to(end.back, true));
        break;
      case 'stub':
        retire();
        out.push(...this.#transfers.tail({ pc: this.#pc.get, known: null }, dirty, signed, true));
        break;
      case 'turns':
        out.push(...this.#turns(index, end, go));
        break;
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

  /** True for a block of some turns, and for that before the next ones. */
  #isAmong(turns: Turns | undefined, index: number): boolean {
    const { turns: own, end } = this.#graph.blocks[index] as Block;
    return turns !== undefined && (own === turns || (end.kind === 'turns' && end.turns === turns));
  }

  /** Go on to some turns, unless one of them could be stopped. */
  #turns(
    index: number,
    { turns, many, one }: Extract<End, { kind: 'turns' }>,
    go: (to: number) => readonly Stmt[],
  ): readonly Stmt[] {
    const single = label('single');
    const unless = (condition: I32): Stmt => brRarelyIf(single, condition);
    const lookout = this.#rooted.lookouts.get(turns) as Lookout;
    const signed = this.#signs.atEnd[index] as number;
    const value = (register: number): I64 => this.#locals.value(register, signed);
    this.#locals.reset();
    return [
      block(single, [
        unless(i32.leS(this.#left.get, i32.const(turns.most))),
        ...this.#accesses.doubts(lookout, value).map(unless),
        ...lookout.roots.flatMap((root, i) => this.#accesses.lookAhead(root, i, value, unless)),
        ...go(this.#graph.target(index, many)),
      ]),
      ...go(this.#graph.target(index, one)),
    ];
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

  /** True if the block that dispatches goes on to a target within the region. */
  dispatchesTo(pc: number): boolean {
    const dispatch = this.#graph.blocks.findIndex(({ end }) => end.kind === 'dispatch');
    return this.#graph.target(dispatch, pc) >= 0;
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
  const { blocks: gated, doors } = withEntries(unrolled(splitNodes(blocks), around.hot), wanted);
  const emitter = new Emitter(f, root, gated, around);
  emitter.build();
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
    // To one that is left for, control would come back by the way in without end.
    .filter((pc) => pc !== root && !direct.has(pc) && emitter.dispatchesTo(pc))
    .map((pc) => way(pc, dispatch.index));
  return [...ways, ...indirect];
}
