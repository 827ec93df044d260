/**
 * Keeps V8 from optimising what runs at a start, most of which never runs again.
 *
 * Booting and the first page of a program make a dozen functions of the kernel look hot, and V8 counts bytes of machine code
 * run, so that the interpreter's one large function looks hot after a hundred instructions. Optimising them takes 25 ms
 * of other threads, and a process that ends waits for those. So both begin a moment later, in threads that give way to the kernel's.
 * Code runs as it would, unoptimised.
 * What the command line of Node says of optimising is left as it is.
 */
import { findHelperThreads } from './helper-threads.ts';

/** How long after the boot. */
const QUIET_MS = 50;
/** Enough for some ten thousand instructions of the interpreter. */
const PATIENT_BUDGET = 400_000_000;

/** Bytes of machine code that a WebAssembly function runs before V8 optimises it, by V8's major version. */
export const USUAL_BUDGETS: Readonly<Record<string, number>> = {
  11: 1_800_000,
  12: 13_000_000,
  13: 13_000_000,
};

/** True if whoever started Node may have said how V8 is to optimise. */
const isTold = (): boolean => process.execArgv.some((option) => /opt|turbo|tiering/.test(option));

/** Have V8 optimise as it does by itself. What it writes of compiled code suits no process with other flags. */
export function optimiseAsUsual(): void {
  if (isTold()) return;
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--opt');
  setBudget(setFlagsFromString, false);
}

/**
 * Before code is compiled that a later process shall read: V8 compares a hash of its flags, and in some versions a flag that was
 * changed and put back leaves another hash than one that never was.
 */
export function settleFlags(): void {
  if (isTold()) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--no-opt');
  optimiseAsUsual();
}

/** Begin. @returns what to call when the kernel has booted, or failed to */
export function startQuietly(): () => void {
  const giveWay = findHelperThreads();
  const later = (then: () => void): unknown => setTimeout(then, QUIET_MS).unref();
  if (isTold()) return () => later(giveWay);
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  setFlagsFromString('--no-opt');
  setBudget(setFlagsFromString, true);
  return () => {
    // A module takes the budget of when it is compiled: the interpreter's was, translations of the guest's code are yet to be.
    setBudget(setFlagsFromString, false);
    later(() => {
      optimiseAsUsual();
      giveWay();
    });
  };
}

function setBudget(setFlags: (flags: string) => void, isPatient: boolean): void {
  const usual = USUAL_BUDGETS[process.versions.v8.split('.')[0] as string];
  if (usual !== undefined) setFlags(`--wasm-tiering-budget=${isPatient ? PATIENT_BUDGET : usual}`);
}
