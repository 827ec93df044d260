/**
 * Another thread of the host's, for what need not be done between two instructions of the programs.
 *
 * It carries out pure functions of plain data, which the host knows by name: nothing there keeps anything, or knows of a kernel.
 */

export interface Answer {
  readonly id: number;
  /** null if the function failed. */
  readonly value: unknown;
}

export interface Beside {
  /** Ask for what the function of that name makes of a request. The answer comes later, or never. @returns the answer's id */
  ask(name: string, request: unknown): number;
  /** The next answer that has come, in the order of the requests; null if there is none now. */
  answer(): Answer | null;
}
