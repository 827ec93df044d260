/**
 * What is kept from run to run in a file of the user's (contracts/kept.ts): one for each program and way to run it.
 *
 * V8's machine code of WebAssembly is taken along where its functions for that are known to work: they are of its own tests, reached by a flag
 * that is set while they run and no longer. V8 checks version, flags and processor, and the file's checksum the rest.
 */
import path from 'node:path';
import type * as V8 from 'node:v8';
import { Digest } from '../../lib/digest.ts';
import type { Keeper } from '../../contracts/kept.ts';
import { ownFolder, readOwn, removeOld, type Room, writeOwn } from './own-files.ts';
import { optimiseAsUsual } from './quiet-start.ts';

/** Says which build this is; put in by what bundles the command. */
declare const BUILD: string | undefined;

const ROOM: Room = { files: 64, bytes: 512 << 20 };
const SUFFIX = '.kept';
/** Versions of V8 whose functions were tried: another may end the process where it is asked otherwise than it expects. */
const NATIVE = /^(11\.3|12\.4|13\.6)\./;

interface Natives {
  /** Ends the process where no function is optimised. */
  readonly serialize: (module: object) => ArrayBuffer;
  readonly isOptimised: (exported: unknown) => boolean;
  readonly deserialize: (code: ArrayBuffer, bytes: Uint8Array) => object | undefined;
}

function compileNatives(): Natives {
  const { compileFunction } = process.getBuiltinModule('node:vm');
  const native = (call: string, ...parameters: string[]): unknown =>
    compileFunction(`return %${call}(${parameters.join()})`, parameters);
  return {
    serialize: native('SerializeWasmModule', 'module') as Natives['serialize'],
    isOptimised: native('IsTurboFanFunction', 'f') as Natives['isOptimised'],
    deserialize: native('DeserializeWasmModule', 'code', 'bytes') as Natives['deserialize'],
  };
}

const v8 = (): typeof V8 => process.getBuiltinModule('node:v8');

export class KeptFile implements Keeper {
  readonly #file: string;
  readonly #key: string;
  #found: unknown = null;
  #isRead = false;
  #natives: Natives | null = null;
  /** By their code: an engine that comes in again needs them again. */
  readonly #modules = new WeakMap<Uint8Array, object>();

  /**
   * @param of says what is run, and how: what is kept of it can be of use to the same alone
   * @returns null where nothing can be kept
   */
  static open(of: readonly string[]): KeptFile | null {
    const folder = ownFolder('translations');
    if (folder === null || typeof BUILD === 'undefined') return null;
    const { version, arch } = process;
    return new KeptFile(folder, JSON.stringify([BUILD, version, arch, ...of]));
  }

  constructor(folder: string, key: string) {
    const name = new Digest();
    name.text(key);
    this.#file = path.join(folder, name.hex() + SUFFIX);
    this.#key = key;
  }

  found(): unknown {
    if (!this.#isRead) {
      this.#isRead = true;
      try {
        const own = readOwn(this.#file, this.#key);
        if (own !== null) this.#found = v8().deserialize(own.body);
      } catch {
        // Of another format.
      }
    }
    return this.#found;
  }

  keep(value: unknown): void {
    if (writeOwn(this.#file, this.#key, [v8().serialize(value)])) removeOld(this.#file, SUFFIX, ROOM);
  }

  optimised(functions: readonly unknown[]): number {
    return this.#withNatives(({ isOptimised }) => functions.filter((f) => isOptimised(f)).length) ?? 0;
  }

  codeOf(module: object): Uint8Array | null {
    return this.#withNatives(({ serialize }) => new Uint8Array(serialize(module)));
  }

  moduleOf(code: Uint8Array, bytes: Uint8Array): object | null {
    const before = this.#modules.get(code);
    if (before !== undefined) return before;
    const module = this.#withNatives(({ deserialize }) => deserialize(code.slice().buffer, bytes) ?? null);
    if (module !== null) this.#modules.set(code, module);
    return module;
  }

  /** Do something with V8's own functions, its flags being those that it has by itself. */
  #withNatives<T>(act: (natives: Natives) => T): T | null {
    if (!NATIVE.test(process.versions.v8)) return null;
    const { setFlagsFromString } = v8();
    if (this.#natives === null) optimiseAsUsual();
    // Also where they are compiled already: V8 forgets what it compiled, and compiles it anew.
    setFlagsFromString('--allow-natives-syntax');
    try {
      this.#natives ??= compileNatives();
      return act(this.#natives);
    } finally {
      setFlagsFromString('--no-allow-natives-syntax');
    }
  }
}
