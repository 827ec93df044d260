/**
 * V8's threads, which optimise code and collect garbage beside the thread that runs the kernel.
 *
 * There are four of them, however many processors the host has. On two processors the kernel's thread waited for a fifth of the
 * time while they were at work (docs/measurements.md). What they do can wait; what the kernel's thread does is what somebody waits for.
 */
import fs from 'node:fs';

/** Where Linux lists the threads of this process, by ids that setpriority(2) takes. */
const THREADS = '/proc/self/task';
/** With 5 the kernel's thread still waits half as much, with 19 whatever else the host runs can keep V8 from optimising anything. */
const NICENESS = 10;

/**
 * Find the threads that there are besides this one. To be called before there are others than V8's.
 * @returns what makes them give way to this one; does nothing where threads have no priorities of their own
 */
export function findHelperThreads(): () => void {
  let ids: readonly number[];
  try {
    ids = fs.readdirSync(THREADS).map(Number);
  } catch {
    return () => {};
  }
  return () => {
    const os = process.getBuiltinModule('node:os');
    for (const id of ids) {
      if (id === process.pid) continue;
      try {
        if (os.getPriority(id) < NICENESS) os.setPriority(id, NICENESS);
      } catch {
        // It is gone, or the host does not let it.
      }
    }
  };
}
