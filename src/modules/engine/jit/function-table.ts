/**
 * The table by whose places translations are called, and the instances of modules that fill it.
 */
import { cachedModule } from '../../../machine/wasm/cache.ts';
import { hasFusedMultiplyAdd } from '../../../machine/wasm/fused.ts';
import {
  createTable,
  instantiate,
  type WasmImports,
  type WasmInstance,
  type WasmModule,
  type WasmTable,
} from '../../../machine/wasm/host.ts';
import type { Interpreter } from '../../../machine/interpreter/interpreter.ts';
import type { Machine } from '../../../machine/machine.ts';
import { buildEnter, type Enter } from './enter.ts';

/** A function that has a place, by the name that its module exports it as. */
export interface Placed {
  readonly place: number;
  readonly name: string;
}
/** A module that still has functions in the table. */
export interface Living {
  readonly code: WasmModule;
  readonly members: Iterable<Placed>;
}

export interface FunctionTable {
  /** So many functions will come, perhaps. */
  expect(count: number): void;
  /** @returns its place, from 1 */
  put(f: unknown): number;
  /** Another function takes a place. */
  replace(place: number, f: unknown): void;
  remove(place: number): void;
  at(place: number): unknown;
  /** The functions of a module, to be put into the table. @param living all that are in the table */
  functionsOf(code: WasmModule, living: readonly Living[]): WasmInstance['exports'];
  /** The way in from JavaScript. Made when it is first needed: many a program is over before anything is translated. */
  enter(): Enter;
  /** The host has a fused multiply-add. */
  isFused(): boolean;
}

/** Each instance has a copy of the table, so it is made no larger than it must be, and the larger it is the more is added. */
const SIZE = 512;
/** Instances of modules that are gone, beside as many as there are modules, after which the table is made anew. */
const DEAD_MOST = 64;

export function createFunctionTable(m: Machine, core: Interpreter): FunctionTable {
  let table = createTable(SIZE);
  const importsOf = (functions: WasmTable): WasmImports => ({
    env: { memory: m.memory, table: functions, finish: core.wasm.finish, run: core.wasm.run },
  });
  let imports = importsOf(table);
  /** Instances that import the table, and what those of modules export. */
  let instances = 0;
  let exported = new WeakMap<WasmModule, WasmInstance['exports']>();
  const free: number[] = [];
  let places = 1;
  let enter: Enter | null = null;
  let fused: boolean | null = null;

  const exportsOf = (code: WasmModule): WasmInstance['exports'] => {
    let exports = exported.get(code);
    if (exports === undefined) {
      instances++;
      exports = instantiate(code, imports).exports;
      exported.set(code, exports);
    }
    return exports;
  };

  /**
   * Hosts keep an instance for as long as the table that it imports (V8 before 12), and write to each at every `set`. So now and
   * then the living get another table: their code is compiled already.
   */
  const renew = (living: readonly Living[]): void => {
    if (instances <= 2 * living.length + DEAD_MOST) return;
    table = createTable(table.length);
    imports = importsOf(table);
    enter = null;
    instances = 0;
    exported = new WeakMap();
    for (const { code, members } of living) {
      const exports = exportsOf(code);
      for (const { place, name } of members) table.set(place, exports[name]);
    }
  };
  return {
    expect(count) {
      if (count > 0) table.grow(SIZE * Math.ceil(count / SIZE));
    },
    put(f) {
      const place = free.pop() ?? places++;
      if (place >= table.length) table.grow(table.length);
      table.set(place, f);
      return place;
    },
    replace(place, f) {
      table.set(place, f);
    },
    remove(place) {
      table.set(place, null);
      free.push(place);
    },
    at: (place) => table.get(place),
    functionsOf(code, living) {
      renew(living);
      return exportsOf(code);
    },
    enter() {
      enter ??= instantiate(cachedModule('jit enter 3.0', m.shared, buildEnter), imports).exports[
        'enter'
      ] as Enter;
      return enter;
    },
    isFused() {
      fused ??= hasFusedMultiplyAdd(imports, m.shared);
      return fused;
    },
  };
}
