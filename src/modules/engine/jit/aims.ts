/**
 * Where the indirect jumps of functions go, and where functions are entered in the middle: learned from where translated code went
 * and found nothing.
 */
import { REGION_MOST } from './discover.ts';
import type { Listing } from './listing.ts';

/** What is known of a function that was translated. */
interface Aim {
  readonly low: number;
  readonly high: number;
  readonly code: ReadonlySet<number>;
  readonly called: ReadonlySet<number>;
  readonly hasJumps: boolean;
  /** Where it is left for code that it could have, had that been run before. */
  bounds: ReadonlySet<number>;
  readonly grown: Set<number>;
  /** Where its indirect jumps go. */
  readonly targets: Set<number>;
  /** Where it is to be entered. */
  readonly doors: Set<number>;
  /** Headers of loops that were seen often. */
  readonly hot: Set<number>;
  /** How many of both the translation has, and how many there were a while ago. */
  used: number;
  before: number;
  /** How often it was asked since one came, and how often it must have been for the function to be translated again. */
  quiet: number;
  patience: number;
}

/** Each translation of a function is given so much longer than the one before: what is learned late is worth less, and a large function costs much. */
const PATIENCE_GROWTH = 3;
const PATIENCE_MOST = 81;

/** How far beyond its known code a function may have a target, and how far apart targets are, in bytes. */
const AIM_REACH = 1 << 13;

export interface Aims {
  /** A function is being translated. */
  note(listing: Listing): void;
  /**
   * Translated code went to an address at which nothing begins: the middle of a function, or perhaps by an indirect jump within one.
   * @returns true if the function is to be translated again for that
   */
  at(pc: number): boolean;
  /** Where a function is left to by jumps and branches. */
  bound(root: number, pcs: ReadonlySet<number>): void;
  /** True if a function does not have the code at an address, and was not asked for it before. */
  lacks(root: number, pc: number): boolean;
  /** A function is to have a target or a way in, whether it is translated or not. */
  expect(root: number, pc: number, isTarget: boolean): void;
  /** Headers of loops of a function were seen often. */
  heat(root: number, headers: readonly number[]): void;
  targetsOf(root: number): readonly number[];
  doorsOf(root: number): ReadonlySet<number>;
  hotOf(root: number): ReadonlySet<number>;
  /** Functions to translate again: more is known of them, and no more came for a while. */
  due(): readonly number[];
  /** What is known of a function is no longer wanted. */
  drop(root: number): void;
  clear(): void;
}

const NONE: ReadonlySet<number> = new Set();

const unknown = (root: number, hasJumps: boolean): Aim => ({
  low: root,
  high: root,
  code: new Set<number>(),
  called: NONE,
  hasJumps,
  bounds: NONE,
  grown: new Set<number>(),
  targets: new Set<number>(),
  doors: new Set<number>(),
  hot: new Set<number>(),
  used: 0,
  before: 0,
  quiet: 0,
  patience: 1,
});

export function createAims(): Aims {
  /** By root. */
  const aims = new Map<number, Aim>();
  return {
    expect(root, pc, isTarget) {
      const aim = aims.get(root) ?? unknown(root, isTarget);
      (isTarget ? aim.targets : aim.doors).add(pc);
      aims.set(root, aim);
    },
    heat(root, headers) {
      if (headers.length === 0) return;
      const aim = aims.get(root) ?? unknown(root, false);
      for (const pc of headers) aim.hot.add(pc);
      aims.set(root, aim);
    },
    note({ root, at, own, called, hasJumps }) {
      const code = new Set<number>();
      let low = root;
      let high = root;
      for (const distance of at.subarray(0, own)) {
        const pc = root + distance;
        low = Math.min(low, pc);
        high = Math.max(high, pc);
        code.add(pc);
      }
      const known = aims.get(root);
      const targets = known?.targets ?? new Set<number>();
      const doors = known?.doors ?? new Set<number>();
      const used = targets.size + doors.size;
      const isFirst = known === undefined || known.code.size === 0;
      const patience = isFirst ? 1 : Math.min(known.patience * PATIENCE_GROWTH, PATIENCE_MOST);
      aims.set(root, {
        low,
        high,
        code,
        called: new Set(called),
        hasJumps,
        bounds: NONE,
        grown: new Set(),
        targets,
        doors,
        hot: known?.hot ?? new Set<number>(),
        used,
        before: used,
        quiet: 0,
        patience,
      });
    },
    at(pc) {
      let isDoor = false;
      for (const { low, high, code, hasJumps, bounds, grown, targets, doors } of aims.values()) {
        if (bounds.has(pc)) {
          grown.add(pc);
          isDoor = true;
          continue;
        }
        if (pc < low || pc > high + AIM_REACH) continue;
        if (code.has(pc)) {
          isDoor ||= !doors.has(pc);
          doors.add(pc);
          continue;
        }
        const [first] = targets;
        if (!hasJumps || (first !== undefined && Math.abs(pc - first) > AIM_REACH)) continue;
        targets.add(pc);
      }
      return isDoor;
    },
    bound(root, pcs) {
      const aim = aims.get(root);
      if (aim !== undefined && aim.code.size < REGION_MOST)
        aim.bounds = new Set([...pcs].filter((pc) => !aim.called.has(pc)));
    },
    lacks(root, pc) {
      const aim = aims.get(root);
      if (aim === undefined || aim.code.has(pc) || aim.grown.has(pc)) return false;
      aim.grown.add(pc);
      return true;
    },
    targetsOf: (root) => [...(aims.get(root)?.targets ?? [])],
    doorsOf: (root) => aims.get(root)?.doors ?? NONE,
    hotOf: (root) => aims.get(root)?.hot ?? NONE,
    due() {
      const roots: number[] = [];
      for (const [root, aim] of aims) {
        const size = aim.targets.size + aim.doors.size + aim.grown.size;
        aim.quiet = size === aim.before ? aim.quiet + 1 : 0;
        aim.before = size;
        if (size > aim.used && aim.quiet >= aim.patience) roots.push(root);
      }
      return roots;
    },
    drop: (root) => void aims.delete(root),
    clear: () => aims.clear(),
  };
}
