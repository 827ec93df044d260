/**
 * A look at a scheduler on trial: does it pick what can run, and does all that can run get its turn?
 *
 * Holds since when each thread could run without being picked.
 */
import { KernelFault } from '../lib/kernel-fault.ts';
import type { Kernel } from '../contracts/kernel.ts';

/** Pid 1 is the kernel's own and never runs. */
const INIT = 1;
/**
 * Guest time in ns that a thread which can run may wait for its turn: so long for each thread that can, but no less than
 * the floor.
 */
const STARVED_EACH = 4e8;
const STARVED_LEAST = 2e9;

/** What a scheduler did that lets threads wait though they can run. Its state is not to be trusted. */
export class Stall extends KernelFault {}

export class StallWatch {
  readonly #kernel: Kernel;
  readonly #since = new Map<number, number>();
  /** Threads that are to have their turn before a trial ends; null until it is to end. */
  #last: Set<number> | null = null;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @param picked thread id, 0 = none @returns what is wrong with the pick, or null */
  complaint(picked: number): string | null {
    const { process, waits, time } = this.#kernel;
    const now = time.now();
    const thread = picked === 0 ? null : process.findThread(picked);
    const idle = thread === null || thread.dead || picked === INIT || waits.waiting(picked) !== null;
    if (picked !== 0 && idle) return `it picked thread ${picked}, which can not run`;
    let longest = 0;
    let starved = 0;
    const waitingSince = new Map<number, number>();
    for (const group of process.groups()) {
      if (group.tgid === INIT || group.stopped !== 0) continue;
      for (const tid of group.threads) {
        const other = process.findThread(tid);
        if (tid === picked || other === null || other.dead || waits.waiting(tid) !== null) continue;
        // One that has used up its runtime waits for its next period, and rightly so.
        if (other.policy.kind === 'deadline') continue;
        if (picked === 0) return `it picked none though thread ${tid} can run`;
        const since = this.#since.get(tid) ?? now;
        if (now - since > longest) {
          longest = now - since;
          starved = tid;
        }
        waitingSince.set(tid, since);
      }
    }
    const runnable = waitingSince.size + 1;
    if (longest > Math.max(STARVED_LEAST, STARVED_EACH * runnable)) {
      return `thread ${starved} can run but was not picked for ${(longest / 1e9).toFixed(1)} s`;
    }
    this.#since.clear();
    for (const [tid, since] of waitingSince) this.#since.set(tid, since);
    for (const tid of this.#last ?? []) {
      if (!waitingSince.has(tid)) this.#last?.delete(tid);
    }
    return null;
  }

  /** True once every thread that waited for its turn when this was first asked has had it, or can not run any more. */
  settled(): boolean {
    this.#last ??= new Set(this.#since.keys());
    return this.#last.size === 0;
  }

  /** Another scheduler begins. */
  reset(): void {
    this.#since.clear();
    this.#last = null;
  }
}
