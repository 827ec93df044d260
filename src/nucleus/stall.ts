/**
 * A look at a scheduler on trial: does it pick what can run, and does all that can run get its turn?
 *
 * Holds since when each thread could run without being picked.
 */
import type { Kernel } from '../contracts/kernel.ts';

/** Pid 1 is the kernel's own and never runs. */
const INIT = 1;
/** Guest time in ns that a thread which can run may wait for its turn. */
const LONGEST_WAIT = 2e9;

export class StallWatch {
  readonly #kernel: Kernel;
  readonly #since = new Map<number, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @param picked thread id, 0 = none @returns what is wrong with the pick, or null */
  complaint(picked: number): string | null {
    const { process, waits, time } = this.#kernel;
    const now = time.now();
    const thread = picked === 0 ? null : process.findThread(picked);
    if (picked !== 0 && (thread === null || thread.dead || waits.waiting(picked) !== null)) {
      return `it picked thread ${picked}, which can not run`;
    }
    const waitingSince = new Map<number, number>();
    for (const group of process.groups()) {
      if (group.tgid === INIT || group.stopped !== 0) continue;
      for (const tid of group.threads) {
        const other = process.findThread(tid);
        if (tid === picked || other === null || other.dead || waits.waiting(tid) !== null) continue;
        if (picked === 0) return `it picked none though thread ${tid} can run`;
        const since = this.#since.get(tid) ?? now;
        if (now - since > LONGEST_WAIT) return `thread ${tid} can run but was not picked for two seconds`;
        waitingSince.set(tid, since);
      }
    }
    this.#since.clear();
    for (const [tid, since] of waitingSince) this.#since.set(tid, since);
    return null;
  }

  /** Another scheduler begins. */
  reset(): void {
    this.#since.clear();
  }
}
