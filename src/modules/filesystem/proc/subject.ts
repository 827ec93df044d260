/**
 * The process or thread that a proc file speaks of, and who may look at its insides.
 *
 * Source: proc_pid(5), ptrace(2) "Ptrace access mode checking".
 */
import { CAP_SYS_PTRACE } from '../../../abi/linux/capability.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Thread, ThreadGroup } from '../../../contracts/process.ts';
import type { ProcState } from './state.ts';

export interface Subject {
  readonly kernel: Kernel;
  readonly state: ProcState;
  readonly group: ThreadGroup;
  /** The thread; for a whole process its leader, which may be dead. */
  readonly thread: Thread;
  /** False for /proc/PID/task/TID. */
  readonly whole: boolean;
}

/** null where the process or thread is gone. */
export function findSubject(kernel: Kernel, state: ProcState, pid: number, task: boolean): Subject | null {
  const thread = kernel.process.findThread(pid);
  if (thread === null) return null;
  const group = kernel.process.findGroup(thread.tgid);
  return group === null ? null : { kernel, state, group, thread, whole: !task };
}

/** Threads that are not dead. */
export const liveThreads = ({ kernel, group }: Subject): Thread[] =>
  group.threads.flatMap((tid) => {
    const thread = kernel.process.findThread(tid);
    return thread === null || thread.dead ? [] : [thread];
  });

/** May a thread see where another process's memory, files and places are? */
export function mayInspect({ kernel, group }: Subject, tid: number): boolean {
  if (tid === 0 || kernel.process.group(tid).tgid === group.tgid) return true;
  if (kernel.process.capable(tid, CAP_SYS_PTRACE)) return true;
  const mine = kernel.process.credentials(tid);
  const { uid, euid, suid, gid, egid, sgid } = group.credentials;
  const sameUser = mine.fsuid === uid && mine.fsuid === euid && mine.fsuid === suid;
  return sameUser && mine.fsgid === gid && mine.fsgid === egid && mine.fsgid === sgid;
}

/** State letter of proc_pid_stat(5) and its word. */
export function stateOf({ kernel, group, thread }: Subject): string {
  if (group.zombie) return 'Z (zombie)';
  if (thread.dead) return 'X (dead)';
  if (group.stopped !== 0) return 'T (stopped)';
  // The first process has no program of its own and never runs.
  if (group.executable === 0) return 'S (sleeping)';
  const waiting = kernel.waits.waiting(thread.tid);
  if (waiting === null) return 'R (running)';
  return waiting === 'disk' ? 'D (disk sleep)' : 'S (sleeping)';
}

/** CPU time so far in ns: user and system, of the subject and of the children it has waited for. */
export function timesOf(subject: Subject): readonly [number, number, number, number] {
  const { group, thread, whole } = subject;
  if (!whole) return [thread.userNs, thread.systemNs, group.childUserNs, group.childSystemNs];
  let user = group.exitedUserNs;
  let system = group.exitedSystemNs;
  for (const live of liveThreads(subject)) {
    user += live.userNs;
    system += live.systemNs;
  }
  return [user, system, group.childUserNs, group.childSystemNs];
}

/** What the group's address space still is: none for a zombie. */
export const spaceOf = ({ group }: Subject): number => (group.zombie ? 0 : group.space);
