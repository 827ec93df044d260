/**
 * Scheduling policies over the life of a thread: inherited at fork, given back at the end. Source: sched(7).
 */
import { SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_RESET_ON_FORK } from '../../../abi/linux/sched.ts';
import type { Thread } from '../../../contracts/process.ts';
import {
  createPolicy,
  effectivePolicy,
  interfaceOf,
  type Policy,
  samePolicy,
} from '../../../contracts/scheduler.ts';
import { type Self, threadOf } from './self.ts';

export const resetsOnFork = ({ policyFlags }: Thread): boolean =>
  (policyFlags & SCHED_FLAG_RESET_ON_FORK) !== 0;

/** It wants a signal when it has used its runtime up. */
export const tellsOverrun = ({ policy, policyFlags }: Thread): boolean =>
  policy.kind === 'deadline' && (policyFlags & SCHED_FLAG_DL_OVERRUN) !== 0;

/** Nice and policy of a new thread, or of one that takes another's place; the latter's before is given back. */
export function takePolicy(self: Self, from: Thread, to: Thread): void {
  givePolicyBack(self, to);
  to.nice = from.nice;
  to.policy = from.policy;
  to.policyFlags = from.policyFlags;
  const needed = interfaceOf(to.policy);
  if (needed !== null) self.kernel.leases.take('scheduler', needed, to.tid);
  if (tellsOverrun(to)) self.kernel.leases.take('scheduler', 'budget', to.tid);
}

/** A child: under "reset on fork" a normal one, no nicer to itself than others are, and without the flag. */
export function inheritPolicy(self: Self, from: Thread, child: Thread): void {
  takePolicy(self, from, child);
  if (!resetsOnFork(from)) return;
  const special = interfaceOf(from.policy) !== null;
  if (special) {
    givePolicyBack(self, child);
    child.policy = createPolicy();
  }
  child.nice = special ? 0 : Math.max(0, from.nice);
  child.policyFlags = 0;
}

/** What a thread has from those who wait for it. They hold the lease on what their policy needs of the scheduler. */
export function inherit(self: Self, tid: number, policy: Policy | null): void {
  const thread = threadOf(self, tid);
  const before = effectivePolicy(thread);
  thread.inherited = policy;
  const now = effectivePolicy(thread);
  if (!samePolicy(before, now)) self.kernel.scheduler.setPolicy?.(tid, now);
}

/** The thread ends: a scheduler that can not do what it asked for may come in again. */
export function givePolicyBack(self: Self, thread: Thread): void {
  const needed = interfaceOf(thread.policy);
  if (needed !== null) self.kernel.leases.give('scheduler', needed, thread.tid);
  if (tellsOverrun(thread)) self.kernel.leases.give('scheduler', 'budget', thread.tid);
}
