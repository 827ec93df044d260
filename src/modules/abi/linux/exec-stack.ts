/**
 * The stack that a program finds at its first instruction: argc, argv, envp, auxv and the strings.
 *
 * Pure: builds one image of bytes. Source: riscv psABI, "Process initialization"; Linux's order of strings.
 */

/** What goes on the stack. Auxiliary values are numbers below 2^53; -1 stands for `random`, -2 for `path`. */
export interface StackRequest {
  readonly top: number;
  readonly argv: readonly string[];
  readonly envp: readonly string[];
  readonly path: string;
  readonly random: Uint8Array;
  /** Pairs of tag and value, without AT_NULL. */
  readonly auxiliary: readonly (readonly [number, number])[];
}

export const RANDOM_BYTES = -1;
export const EXEC_PATH = -2;

export interface StackImage {
  readonly sp: number;
  /** From sp to the top. */
  readonly bytes: Uint8Array;
  readonly argumentStart: number;
  readonly argumentEnd: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;
  readonly auxiliary: Uint32Array;
}

const lengthOf = (strings: readonly string[]): number => {
  let total = 0;
  for (const text of strings) total += text.length + 1;
  return total;
};

/** Bytes that the strings and their pointers take: what execve(2) limits. */
export function argumentSize(argv: readonly string[], envp: readonly string[]): number {
  return lengthOf(argv) + lengthOf(envp) + 8 * (argv.length + envp.length);
}

export function buildStack(request: StackRequest): StackImage {
  const { top, argv, envp } = request;
  const pathAt = top - 8 - (request.path.length + 1);
  const environmentEnd = pathAt;
  const environmentStart = environmentEnd - lengthOf(envp);
  const argumentStart = environmentStart - lengthOf(argv);
  const randomAt = Math.floor((argumentStart - request.random.length) / 16) * 16;
  const words = 1 + argv.length + 1 + envp.length + 1 + 2 * (request.auxiliary.length + 1);
  const sp = Math.floor((randomAt - words * 8) / 16) * 16;
  const bytes = new Uint8Array(top - sp);
  const data = new DataView(bytes.buffer);

  let at = 0;
  const word = (value: number): void => {
    data.setUint32(at, value >>> 0, true);
    data.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    at += 8;
  };
  const put = (text: string, address: number): number => {
    let to = address - sp;
    for (let i = 0; i < text.length; i++) bytes[to++] = text.charCodeAt(i);
    return address + text.length + 1;
  };
  const pointers = (strings: readonly string[], from: number): void => {
    let address = from;
    for (const text of strings) {
      word(address);
      address = put(text, address);
    }
    word(0);
  };
  word(argv.length);
  pointers(argv, argumentStart);
  pointers(envp, environmentStart);
  const auxiliaryAt = at;
  for (const [tag, value] of request.auxiliary) {
    word(tag);
    word(value === RANDOM_BYTES ? randomAt : value === EXEC_PATH ? pathAt : value);
  }
  word(0);
  word(0);
  put(request.path, pathAt);
  bytes.set(request.random, randomAt - sp);
  return {
    sp,
    bytes,
    argumentStart,
    argumentEnd: environmentStart,
    environmentStart,
    environmentEnd,
    auxiliary: new Uint32Array(bytes.slice(auxiliaryAt, at).buffer),
  };
}
