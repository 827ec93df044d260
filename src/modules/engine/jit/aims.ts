/**
 * Where the indirect jumps of functions go: learned from where translated code went and found nothing.
 */
import type { Block } from './discover.ts';

/** Where the indirect jumps of a function go, as far as is known. */
interface Aim {
  readonly low: number;
  readonly high: number;
  /** Where its calls return to. */
  readonly returns: ReadonlySet<number>;
  readonly targets: Set<number>;
  /** How many the translation has, and how many there were a while ago. */
  used: number;
  before: number;
}

/** How far beyond its known code a function may have a target, and how far apart targets are, in bytes. */
const AIM_REACH = 1 << 13;

export interface Aims {
  /** A function is being translated. */
  note(root: number, blocks: readonly Block[]): void;
  /** Translated code went to an address at which nothing begins: perhaps by an indirect jump within a function. */
  at(pc: number): void;
  targetsOf(root: number): readonly number[];
  /** Functions to translate again: they have new targets, and no more came since this was asked before. */
  due(): readonly number[];
  clear(): void;
}

export function createAims(): Aims {
  /** By root of a function that has indirect jumps. */
  const aims = new Map<number, Aim>();
  const note = (root: number, blocks: readonly Block[]): void => {
    if (!blocks.some(({ end }) => end.kind === 'indirect' && !end.isReturn)) return;
    const code = blocks.flatMap((block) => block.code);
    const returns = new Set<number>();
    let low = root;
    let high = root;
    for (const { pc, decoded } of code) {
      low = Math.min(low, pc);
      high = Math.max(high, pc);
      const { kind } = decoded.row.semantics;
      if ((kind === 'jal' || kind === 'jalr') && decoded.operands.rd !== 0) returns.add(pc + decoded.length);
    }
    const targets = aims.get(root)?.targets ?? new Set<number>();
    aims.set(root, { low, high, returns, targets, used: targets.size, before: targets.size });
  };

  /** An address that translated code went to: perhaps by an indirect jump within a function. */
  const at = (pc: number): void => {
    for (const { low, high, returns, targets } of aims.values()) {
      if (pc < low || pc > high + AIM_REACH || returns.has(pc) || targets.has(pc)) continue;
      const [first] = targets;
      if (first !== undefined && Math.abs(pc - first) > AIM_REACH) continue;
      targets.add(pc);
    }
  };

  return {
    note,
    at,
    targetsOf: (root) => [...(aims.get(root)?.targets ?? [])],
    due() {
      const roots: number[] = [];
      for (const [root, aim] of aims) {
        const { size } = aim.targets;
        if (size > aim.used && size === aim.before) roots.push(root);
        aim.before = size;
      }
      return roots;
    },
    clear: () => aims.clear(),
  };
}
