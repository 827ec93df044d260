/**
 * Which registers are in locals where: data flow over a region.
 *
 * Between a region's entry, its calls and its exits registers live in locals. A register is *dirty* at a point if it was written
 * on some way there since the last time that all were stored; *valid* if on every way the local has its value; *needed* if its
 * value in the local is used before it is written, be it by an exit that stores it.
 */
import type { Format } from '../../../machine/isa/format.ts';
import { type Instruction, isJump } from './discover.ts';
import { type Graph, isWayIn, loopsOf } from './graph.ts';

/** Sets of registers: bit n of `x` is xn, of `f` fn. */
export interface Registers {
  x: number;
  f: number;
}

export const none = (): Registers => ({ x: 0, f: 0 });
const copy = ({ x, f }: Registers): Registers => ({ x, f });
const add = (to: Registers, from: Registers): void => {
  to.x |= from.x;
  to.f |= from.f;
};
const remove = (from: Registers, what: Registers): void => {
  from.x &= ~what.x;
  from.f &= ~what.f;
};
const keep = (to: Registers, from: Registers): void => {
  to.x &= from.x;
  to.f &= from.f;
};
const same = (a: Registers, b: Registers): boolean => a.x === b.x && a.f === b.f;

export interface Effects {
  readonly uses: Registers;
  readonly defines: Registers;
  /** All registers are stored before it, and none is in a local after it. */
  readonly isCall: boolean;
  /** It may be left to the interpreter instead. */
  readonly mayLeave: boolean;
}

type RegisterOperand = 'rd' | 'rs1' | 'rs2' | 'rs3';
type Named = readonly [operand: RegisterOperand, file: 'x' | 'f'];

const namedBy = new Map<Format, readonly Named[]>();
/** The operands of a format that are registers. */
function registersOf(format: Format): readonly Named[] {
  let found = namedBy.get(format);
  if (found === undefined) {
    found = format.fields.flatMap(({ operand, file }): Named[] =>
      file === 'number' || operand === 'imm' || operand === 'rm' ? [] : [[operand, file]],
    );
    namedBy.set(format, found);
  }
  return found;
}

type Files = Readonly<Record<RegisterOperand, 'x' | 'f'>>;
const filesBy = new Map<Format, Files>();
/** The register file of each operand of a format. */
export function filesOf(format: Format): Files {
  let found = filesBy.get(format);
  if (found === undefined) {
    found = { rd: 'x', rs1: 'x', rs2: 'x', rs3: 'x', ...Object.fromEntries(registersOf(format)) };
    filesBy.set(format, found);
  }
  return found;
}

export function effectsOf({ decoded, isReplaced, returnsTo }: Instruction): Effects {
  const { row, operands } = decoded;
  const { kind } = row.semantics;
  const uses = none();
  const defines = none();
  if (kind !== 'fence') {
    for (const [name, file] of registersOf(row.format))
      (name === 'rd' ? defines : uses)[file] |= 1 << operands[name];
  }
  uses.x &= ~1;
  defines.x &= ~1;
  return {
    uses,
    defines,
    isCall:
      isReplaced !== true &&
      ((kind === 'jal' && operands.rd !== 0) ||
        (kind === 'jalr' && (!isJump(decoded) || returnsTo !== undefined))),
    mayLeave: kind === 'load' || kind === 'store' || kind === 'amo' || kind === 'float',
  };
}

/** What holds before one instruction, and after it. */
export interface Point {
  readonly effects: Effects;
  readonly dirty: Registers;
  valid: Registers;
  /** Needed after it. */
  needed: Registers;
}

export interface Flow {
  /** Blocks that begin with nothing in locals: edges to them store what is dirty, and they load what they need. */
  readonly fresh: readonly boolean[];
  /** By block and instruction. */
  readonly points: readonly (readonly Point[])[];
  /** At the end of each block, behind its last instruction. */
  readonly dirtyAtEnd: readonly Registers[];
  readonly validAtEnd: readonly Registers[];
  /** What is needed at the beginning of each block. The edges from the first load it, and it is all that is valid by them; fresh blocks load it. */
  readonly needed: readonly Registers[];
}

function dirtiness(
  graph: Graph,
  effects: readonly (readonly Effects[])[],
  fresh: readonly boolean[],
): Registers[] {
  const at = graph.blocks.map(none);
  for (let changed = true; changed; ) {
    changed = false;
    graph.blocks.forEach((_, b) => {
      if (fresh[b] === true) return;
      const state = none();
      for (const p of graph.predecessors[b] as readonly number[]) add(state, endOf(p));
      if (!same(state, at[b] as Registers)) {
        at[b] = state;
        changed = true;
      }
    });
  }
  function endOf(b: number): Registers {
    const state = copy(at[b] as Registers);
    for (const effect of effects[b] as readonly Effects[]) {
      add(state, effect.defines);
      if (effect.isCall) state.x = state.f = 0;
    }
    return state;
  }
  return at;
}

/** Needed at the beginning of a block. Fills in `needed` of its points. */
function backward(points: readonly Point[], atEnd: Registers): Registers {
  const state = copy(atEnd);
  for (let i = points.length - 1; i >= 0; i--) {
    const point = points[i] as Point;
    const { effects } = point;
    point.needed = copy(state);
    if (effects.isCall) {
      state.x = state.f = 0;
      add(state, point.dirty);
      remove(state, effects.defines);
      add(state, effects.uses);
      continue;
    }
    remove(state, effects.defines);
    add(state, effects.uses);
    if (effects.mayLeave) add(state, point.dirty);
  }
  return state;
}

/**
 * Blocks of a large region that are in no loop, or in a large one at most. The more is in locals over a merge of ways, the more the
 * host's compiler moves about there; what is not repeated soon is not worth that.
 */
function findFresh(graph: Graph, large: number): boolean[] {
  const sizes = graph.blocks.map(({ code, turns }) => (turns === undefined ? code.length : 0));
  const all = sizes.reduce((a, b) => a + b, 0);
  const fresh = graph.blocks.map((_, b) => b > 0 && all > large);
  // Inner loops come last, and say what holds.
  for (const { body } of loopsOf(graph)) {
    let size = 0;
    for (const b of body) size += sizes[b] as number;
    if (size <= large) for (const b of body) fresh[b] = false;
  }
  return fresh;
}

/**
 * @param large how many instructions make a region or a loop large
 * @param looked by block, as a set, what the way on from it is chosen by
 */
export function analyse(graph: Graph, large: number, looked: readonly number[]): Flow {
  const fresh = findFresh(graph, large);
  const effects = graph.blocks.map(({ code }) => code.map(effectsOf));
  const dirtyIn = dirtiness(graph, effects, fresh);
  const dirtyAtEnd: Registers[] = [];
  const points = effects.map((list, b) => {
    const state = copy(dirtyIn[b] as Registers);
    const made = list.map((effect): Point => {
      const point: Point = { effects: effect, dirty: copy(state), valid: none(), needed: none() };
      add(state, effect.defines);
      if (effect.isCall) state.x = state.f = 0;
      return point;
    });
    dirtyAtEnd.push(state);
    return made;
  });

  // Every end may leave: by a branch out of the region, or by a budget that is spent.
  const neededIn = graph.blocks.map(none);
  for (let changed = true; changed; ) {
    changed = false;
    for (let b = graph.blocks.length - 1; b >= 0; b--) {
      const atEnd = copy(dirtyAtEnd[b] as Registers);
      for (const s of graph.successors[b] as readonly number[]) {
        if (fresh[s] !== true) add(atEnd, neededIn[s] as Registers);
      }
      atEnd.x |= looked[b] as number;
      const state = backward(points[b] as readonly Point[], atEnd);
      if (same(state, neededIn[b] as Registers)) continue;
      neededIn[b] = state;
      changed = true;
    }
  }

  const everything: Registers = { x: -1, f: -1 };
  const validIn = graph.blocks.map((_, b) => {
    if (b === 0) return none();
    return copy(fresh[b] === true ? (neededIn[b] as Registers) : everything);
  });
  const validAtEnd = graph.blocks.map(() => copy(everything));
  for (let changed = true; changed; ) {
    changed = false;
    graph.blocks.forEach((_, b) => {
      const state = copy(validIn[b] as Registers);
      for (const p of fresh[b] === true ? [] : (graph.predecessors[b] as readonly number[])) {
        if (p !== 0) keep(state, validAtEnd[p] as Registers);
        // Such an edge brings nothing else.
        if (p === 0 || isWayIn(graph, p, b)) keep(state, neededIn[b] as Registers);
      }
      for (const point of points[b] as readonly Point[]) {
        point.valid = copy(state);
        // After a call all is in memory, and a local has what is loaded again.
        if (point.effects.isCall) state.x = state.f = 0;
        add(state, point.effects.isCall ? point.needed : point.effects.defines);
      }
      if (!same(state, validAtEnd[b] as Registers)) {
        validAtEnd[b] = state;
        changed = true;
      }
    });
  }
  return { fresh, points, dirtyAtEnd, validAtEnd, needed: neededIn };
}
