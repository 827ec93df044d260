/**
 * What each part of this module works on: the slot's state and the kernel, and lookups that all parts share.
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import type { ProcessState, Thread, ThreadGroup } from '../../../contracts/process.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';

export interface Self {
  readonly state: ProcessState;
  readonly kernel: Kernel;
  /** Who was asked for last: an entry asks for the thread that runs a dozen times. */
  readonly last: { tid: number; thread: Thread | null; group: ThreadGroup | null };
}

/** `last.tid` where nobody was asked for. */
const NOBODY = -1;

export const createSelf = (state: ProcessState, kernel: Kernel): Self => ({
  state,
  kernel,
  last: { tid: NOBODY, thread: null, group: null },
});

/** Some thread or group goes: look everybody up anew. */
export function forgetLast({ last }: Self): void {
  last.tid = NOBODY;
  last.thread = null;
  last.group = null;
}

/** Have a thread and its group in `last`. Throws KernelFault if there is none. */
function lookUp(self: Self, tid: number): void {
  const thread = self.state.threads.get(tid);
  if (thread === undefined) throw new KernelFault(`no thread ${tid}`);
  const group = self.state.groups.get(thread.tgid);
  if (group === undefined) throw new KernelFault(`thread ${tid} has no group`);
  self.last.tid = tid;
  self.last.thread = thread;
  self.last.group = group;
}

/** Wakes every waiter of an event. */
export const ALL = 0x7fff_ffff;
export const INIT = 1;

export function threadOf(self: Self, tid: number): Thread {
  if (self.last.tid !== tid) lookUp(self, tid);
  return self.last.thread as Thread;
}

export function groupOf(self: Self, tid: number): ThreadGroup {
  if (self.last.tid !== tid) lookUp(self, tid);
  return self.last.group as ThreadGroup;
}

export function findThread(self: Self, tid: number): Thread | null {
  return self.last.tid === tid ? self.last.thread : (self.state.threads.get(tid) ?? null);
}

/** Live threads of a group, leader first. */
export function liveThreads(self: Self, group: ThreadGroup): Thread[] {
  const live: Thread[] = [];
  for (const tid of group.threads) {
    const thread = self.state.threads.get(tid);
    if (thread !== undefined && !thread.dead) live.push(thread);
  }
  return live;
}

/** A record that a live group names by id: a missing one is a bug. */
export function mustGet<T>(table: Map<number, T>, id: number, what: string): T {
  const found = table.get(id);
  if (found === undefined) throw new KernelFault(`no ${what} ${id}`);
  return found;
}
