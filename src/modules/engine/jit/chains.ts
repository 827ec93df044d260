/**
 * Which accesses of a loop have addresses made of what the loop has loaded: what comes after such a load waits for it, and for looking up its page.
 */
import type { Block } from './discover.ts';
import { type Graph, loopsOf } from './graph.ts';
import { siteOf } from './bases.ts';
import { effectsOf } from './registers.ts';

/** @param large how many instructions make a loop large: in such nothing is found @param hot starts of blocks whose loops to look into @returns by block and instruction */
export function findChains(
  graph: Graph,
  { large, hot }: { readonly large: number; readonly hot: ReadonlySet<number> },
): readonly (readonly boolean[])[] {
  const chained = graph.blocks.map(({ code }) => code.map(() => false));
  for (const { body } of loopsOf(graph)) {
    const members = [...body].sort((a, b) => a - b);
    if (!members.some((b) => hot.has(graph.blocks[b]?.start as number))) continue;
    let size = 0;
    for (const b of members) {
      const { code, turns } = graph.blocks[b] as Block;
      size += turns === undefined ? code.length : 0;
    }
    if (size > large) continue;
    /** Registers that may be made of what was loaded, as sets, at the end of each block. */
    const atEnd = new Map<number, number>();
    const carry = (b: number, see: boolean): number => {
      let made = 0;
      for (const p of graph.predecessors[b] as readonly number[]) made |= atEnd.get(p) ?? 0;
      (graph.blocks[b]?.code ?? []).forEach((instruction, i) => {
        const site = siteOf(instruction);
        const { uses, defines, isCall } = effectsOf(instruction);
        if (see && site !== null) (chained[b] as boolean[])[i] = ((made >>> site.register) & 1) !== 0;
        if (isCall) made = 0;
        else if (defines.x === 0) return;
        else if ((site !== null && !site.isWrite) || (uses.x & made) !== 0) made |= defines.x;
        else made &= ~defines.x;
      });
      return made;
    };
    for (let changed = true; changed; ) {
      changed = false;
      for (const b of members) {
        const made = carry(b, false);
        if (made === (atEnd.get(b) ?? 0)) continue;
        atEnd.set(b, made);
        changed = true;
      }
    }
    for (const b of members) carry(b, true);
  }
  return chained;
}
