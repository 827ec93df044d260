/**
 * Modules of the bodies of translations: of those that were just written, and of those that stand in other modules.
 *
 * Translations of one module reach each other sooner than those of many (docs/measurements.md), perhaps because each instance has a
 * table of functions of its own (V8 before 12), and each module its own pages of machine code.
 */
import { WasmBytes } from '../../../machine/wasm/bytes.ts';
import { ModuleBuilder } from '../../../machine/wasm/module.ts';
import { TRANSLATION } from './tables.ts';

/** Where a body stands in the bytes of its module, and where in it the branches stand that are hardly ever taken. */
export interface Body {
  readonly start: number;
  readonly end: number;
  readonly rare: readonly number[];
}

export interface BinaryModule {
  readonly bytes: Uint8Array;
  /** In the order in which they were given; the module exports each by the name `nameOf` its number. */
  readonly bodies: readonly Body[];
}

export const nameOf = (number: number): string => String(number);

export const bodyIn = (bytes: Uint8Array, { start, end, rare }: Body): WasmBytes =>
  WasmBytes.of(bytes.subarray(start, end), rare);

export function moduleOf(bodies: readonly WasmBytes[], shared: boolean): BinaryModule {
  const builder = new ModuleBuilder();
  builder.signature(TRANSLATION);
  bodies.forEach((body, i) => {
    builder.funcOf(TRANSLATION, nameOf(i)).given(body);
  });
  const { bytes, bodies: places } = builder.encodeWithBodies(shared);
  return {
    bytes,
    bodies: places.map(([start, end], i) => ({ start, end, rare: (bodies[i] as WasmBytes).rare })),
  };
}
