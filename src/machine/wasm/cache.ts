/**
 * Compiled machine code by name, so that a fresh engine instance costs no compilation.
 *
 * Machine code is immutable and belongs to no instance, so this is the one cache that lives outside the state. The
 * name must say the version of what was compiled.
 */
import { compileModule, type WasmModule } from './host.ts';

const compiled = new Map<string, WasmModule>();

/** @returns the module of that name and shared flag, built and compiled on first use */
export function cachedModule(
  name: string,
  shared: boolean,
  build: (shared: boolean) => Uint8Array,
): WasmModule {
  const key = `${name}${shared ? '+shared' : ''}`;
  let found = compiled.get(key);
  if (found === undefined) {
    found = compileModule(build(shared));
    compiled.set(key, found);
  }
  return found;
}
