/**
 * Whether the host's relaxed multiply-add rounds once, as its specification allows and does not demand.
 */
import { f32, f64 } from './expr.ts';
import { compileModule, instantiate, type WasmImports } from './host.ts';
import { ModuleBuilder } from './module.ts';
import { ret } from './stmt.ts';

type Ternary = (a: number, b: number, c: number) => number;

/** @returns true if the host has it in both precisions and it gives what only one rounding gives. @param imports with `env.memory` */
export function hasFusedMultiplyAdd(imports: WasmImports, shared: boolean): boolean {
  const m = new ModuleBuilder();
  const d = m.func(['f64', 'f64', 'f64'], 'f64', 'd');
  d.body(ret(f64.fused(d.parameter('f64', 0).get, d.parameter('f64', 1).get, d.parameter('f64', 2).get)));
  const s = m.func(['f32', 'f32', 'f32'], 'f32', 's');
  s.body(ret(f32.fused(s.parameter('f32', 0).get, s.parameter('f32', 1).get, s.parameter('f32', 2).get)));
  try {
    const { exports } = instantiate(compileModule(m.encode(shared)), imports);
    const rounds = (name: string, small: number): boolean => {
      const fused = exports[name] as Ternary;
      // The square of 1 + small, less what a separate multiplication would make of it.
      return fused(1 + small, 1 + small, -(1 + 2 * small)) === small * small;
    };
    return rounds('d', 2 ** -30) && rounds('s', 2 ** -14);
  } catch {
    return false;
  }
}
