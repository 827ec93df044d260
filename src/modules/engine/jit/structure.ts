/**
 * From a control-flow graph to structured WebAssembly.
 *
 * A block that several edges go forward to gets a Wasm block around all that its dominator leads to, so that each can branch to its
 * end; a loop's header gets a Wasm loop. Source: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control
 * flow to structured control flow", ICFP 2022.
 */
import { block, br, type Label, label, loop, type Stmt } from '../../../machine/wasm/stmt.ts';
import type { Graph } from './graph.ts';

/** Statements of one block, its end included. `go(to)` gives those that continue at another block. */
export type EmitBlock = (index: number, go: (to: number) => readonly Stmt[]) => readonly Stmt[];

export function structured(graph: Graph, emit: EmitBlock): readonly Stmt[] {
  const loops: Label[] = graph.blocks.map((_, i) => label(`loop ${i}`));
  const ends: Label[] = graph.blocks.map((_, i) => label(`block ${i}`));
  const go =
    (from: number) =>
    (to: number): readonly Stmt[] => {
      if (to <= from) return [br(loops[to] as Label)];
      return graph.isMerge[to] === true ? [br(ends[to] as Label)] : tree(to);
    };
  function tree(index: number): readonly Stmt[] {
    let body = emit(index, go(index));
    for (const child of graph.children[index] as readonly number[]) {
      if (graph.isMerge[child] !== true) continue;
      body = [block(ends[child] as Label, body), ...tree(child)];
    }
    return graph.isHeader[index] === true ? [loop(loops[index] as Label, body)] : body;
  }
  return tree(0);
}
