/**
 * What a host keeps from one run to the next, so that it need not be made again.
 *
 * It may be gone at any time, and no run may need it or come out otherwise for it. It is of the same build of the kernel, but of any program.
 */

export interface Kept {
  /** What an earlier run left, null if none did. Plain data, not to be changed. */
  found(): unknown;
  /** Of so many functions of instances the host has optimised machine code, as far as it says. */
  optimised(functions: readonly unknown[]): number;
  /** Machine code that the host has made of a module so far; null if it does not give it out. Pre: a function of it is optimised. */
  codeOf(module: object): Uint8Array | null;
  /**
   * The module of some bytes, of which that is the machine code.
   * @returns null if the host does not take it: then the bytes are to be compiled
   */
  moduleOf(code: Uint8Array, bytes: Uint8Array): object | null;
}

/** The same with the way to keep something, which is not for modules: they are asked. */
export interface Keeper extends Kept {
  /** Keep this for the next run. Never throws: what can not be kept is made again. */
  keep(value: unknown): void;
}
