/**
 * Traps that are not calls: faults that vm refused, illegal instructions, breakpoints. Source: sigaction(2), signal(7).
 */
import { EACCES, EIO, ENOMEM } from '../../../abi/linux/errno.ts';
import { TIME_FREQUENCY } from '../../../abi/linux/isa.ts';
import {
  BUS_ADRALN,
  BUS_ADRERR,
  ILL_ILLOPC,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_KERNEL,
  SIGBUS,
  SIGILL,
  SIGKILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_BRKPT,
} from '../../../abi/linux/signal.ts';
import {
  EXIT_BREAKPOINT,
  EXIT_FETCH_MISALIGNED,
  EXIT_ILLEGAL,
  EXIT_LOAD_MISALIGNED,
  EXIT_STORE_MISALIGNED,
} from '../../../contracts/engine.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createSignalInfo } from '../../../contracts/process.ts';
import { USER_LIMIT } from '../../../contracts/vm.ts';
import { contextOf, pcOf, setPc, setRegister } from './registers.ts';

const INIT = 1;
/** Asked back from the page cache before a process is killed. */
const RECLAIMED_FRAMES = 256;
/** `csrrs rd, time, x0`, which is what rdtime stands for. */
const RDTIME = 0xc010_2073;
const RDTIME_MASK = 0xffff_f07f;
const NS_PER_TIME_TICK: number = 1e9 / TIME_FREQUENCY;

/** rdtime is the kernel's to emulate on a hart without it. @returns false if the instruction is another */
function readTime(kernel: Kernel, tid: number, instruction: number): boolean {
  if ((instruction & RDTIME_MASK) >>> 0 !== RDTIME) return false;
  const context = contextOf(kernel, tid);
  const rd = (instruction >>> 7) & 31;
  if (rd !== 0) setRegister(kernel, context, rd, Math.floor(kernel.clock.monotonic() / NS_PER_TIME_TICK));
  setPc(kernel, context, pcOf(kernel, context) + 4);
  return true;
}

function force(kernel: Kernel, tid: number, signal: number, code: number, address: number): void {
  const info = createSignalInfo();
  info.signal = signal;
  info.code = code;
  info.address = Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, address));
  kernel.process.forceSignal(tid, info);
}

/** The abi contract's `trap`. @param address faulting address as a signed number, or instruction bits */
export function trap(kernel: Kernel, tid: number, cause: number, address: number, error: number): void {
  switch (cause) {
    case EXIT_ILLEGAL: {
      if (readTime(kernel, tid, address)) return;
      force(kernel, tid, SIGILL, ILL_ILLOPC, pcOf(kernel, contextOf(kernel, tid)));
      return;
    }
    case EXIT_BREAKPOINT:
      force(kernel, tid, SIGTRAP, TRAP_BRKPT, pcOf(kernel, contextOf(kernel, tid)));
      return;
    case EXIT_FETCH_MISALIGNED:
    case EXIT_LOAD_MISALIGNED:
    case EXIT_STORE_MISALIGNED:
      force(kernel, tid, SIGBUS, BUS_ADRALN, address);
      return;
    default:
      if (error === -EIO) force(kernel, tid, SIGBUS, BUS_ADRERR, address);
      else if (error === -ENOMEM) makeRoom(kernel, tid);
      else force(kernel, tid, SIGSEGV, error === -EACCES ? SEGV_ACCERR : SEGV_MAPERR, address);
  }
}

/** The process with most pages resident that is not ending yet; of equals the one that asks. */
function largest(kernel: Kernel, asks: number): number {
  let victim = asks;
  let most = kernel.vm.resident(kernel.process.group(asks).space);
  for (const { tgid, space, exiting, zombie } of kernel.process.groups()) {
    if (tgid === INIT || exiting || zombie) continue;
    const resident = kernel.vm.resident(space);
    if (resident > most) {
      most = resident;
      victim = tgid;
    }
  }
  return victim;
}

/**
 * Memory is exhausted, and the page cache has nothing to give back: the largest process is killed, and all that share its memory, as Linux's killer does. What it has is
 * taken at once (Linux's reaper does so too), so that the fault is served when it is taken again.
 */
function makeRoom(kernel: Kernel, tid: number): void {
  if (kernel.pagecache.reclaim(RECLAIMED_FRAMES) > 0) return;
  const info = createSignalInfo();
  info.signal = SIGKILL;
  info.code = SI_KERNEL;
  const own = kernel.process.group(tid).space;
  const { space } = kernel.process.group(largest(kernel, kernel.process.group(tid).tgid));
  for (const group of kernel.process.groups()) {
    if (group.space === space && !group.zombie) kernel.process.signalGroup(group.tgid, info);
  }
  if (space !== own) kernel.vm.unmap(space, 0, USER_LIMIT);
}
