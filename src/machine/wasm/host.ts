/**
 * The WebAssembly interface of the host, typed here so that the core needs neither Node's nor the DOM's types.
 *
 * Holds types and two constructors; source: WebAssembly JavaScript Interface, W3C.
 */

/** A WebAssembly.Memory. `buffer` is a SharedArrayBuffer when the memory is shared. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A compiled module; opaque. */
export interface WasmModule {
  readonly wasmModule?: never;
}

/** An instance with its exports. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A WebAssembly.Table of functions. */
export interface WasmTable {
  readonly length: number;
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  grow(delta: number): number;
}

export interface WasmImports {
  readonly [module: string]: { readonly [name: string]: unknown };
}

interface WasmNamespace {
  readonly Memory: new (d: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Table: new (d: { element: 'anyfunc'; initial: number }) => WasmTable;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports?: WasmImports) => WasmInstance;
}

const wasm = (globalThis as unknown as { readonly WebAssembly: WasmNamespace }).WebAssembly;

/** Allocate linear memory of exactly `bytes` (a multiple of 64 KiB), never to be grown. Throws RangeError if refused. */
export function createMemory(bytes: number, shared: boolean): WasmMemory {
  const pages = bytes / 65536;
  return new wasm.Memory(
    shared ? { initial: pages, maximum: pages, shared } : { initial: pages, maximum: pages },
  );
}

/** A table of `initial` empty places. */
export const createTable = (initial: number): WasmTable => new wasm.Table({ element: 'anyfunc', initial });

/** Compile a module synchronously. Throws CompileError on invalid bytes, which is a bug of the emitter. */
export const compileModule = (bytes: Uint8Array): WasmModule => new wasm.Module(bytes);

/** Instantiate synchronously. */
export const instantiate = (module: WasmModule, imports: WasmImports): WasmInstance =>
  new wasm.Instance(module, imports);
