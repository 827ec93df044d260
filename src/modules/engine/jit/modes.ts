/**
 * What is known of fcsr where: a fast path needs the rounding mode, perhaps, and NX raised where the result is rounded. Nothing but CSR instructions
 * and what a call leads to changes the mode, for no translated code does. Of NX nothing is known, since results that are not rounded leave it as it is.
 */
import type { Decoded } from '../../../machine/isa/decode.ts';
import type { Graph } from './graph.ts';

/** fcsr: NX, and the rounding mode, which is 0 for to nearest. */
export const NX = 1;
const MODE = 0xe0;
const NX_AND_MODE = NX | MODE;

/** The bits of fcsr that must be NX alone for an instruction's fast path, or 0 where nothing is rounded; none if always. */
export function modesNeeded({ row, operands }: Decoded): number {
  const { semantics } = row;
  if (semantics.kind !== 'float' || semantics.fast === null || semantics.fast.when === 'always') return 0;
  return semantics.fast.when === 'rne' && operands.rm !== 0 ? NX_AND_MODE : NX;
}

/** By block and instruction: the bits of the rounding mode if it is to nearest on every way there, else 0. */
export function findModes(graph: Graph): readonly (readonly number[])[] {
  const before = graph.blocks.map((_, b): number => (b === 0 ? 0 : MODE));
  const carry = (b: number, see: (known: number) => void): number => {
    let known = before[b] as number;
    for (const { decoded } of graph.blocks[b]?.code ?? []) {
      see(known);
      const { kind } = decoded.row.semantics;
      const isCall = (kind === 'jal' || kind === 'jalr') && decoded.operands.rd !== 0;
      known = isCall || kind === 'csr' ? 0 : known | (modesNeeded(decoded) & MODE);
    }
    return known;
  };
  for (let changed = true; changed; ) {
    changed = false;
    graph.blocks.forEach((_, b) => {
      const after = carry(b, () => undefined);
      for (const to of graph.successors[b] as readonly number[]) {
        const both = (before[to] as number) & after;
        if (both === before[to]) continue;
        before[to] = both;
        changed = true;
      }
    });
  }
  return graph.blocks.map((_, b) => {
    const list: number[] = [];
    carry(b, (known) => list.push(known));
    return list;
  });
}
