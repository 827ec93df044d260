/**
 * What each part of this module works on: the slot's state and the kernel, and lookups that all parts share.
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import type { ProcessState, Thread, ThreadGroup } from '../../../contracts/process.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';

export interface Self {
  readonly state: ProcessState;
  readonly kernel: Kernel;
}

/** Wakes every waiter of an event. */
export const ALL = 0x7fff_ffff;
export const INIT = 1;

export function threadOf(self: Self, tid: number): Thread {
  const thread = self.state.threads.get(tid);
  if (thread === undefined) throw new KernelFault(`no thread ${tid}`);
  return thread;
}

export function groupOf(self: Self, tid: number): ThreadGroup {
  const group = self.state.groups.get(threadOf(self, tid).tgid);
  if (group === undefined) throw new KernelFault(`thread ${tid} has no group`);
  return group;
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
