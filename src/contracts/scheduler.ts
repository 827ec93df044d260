/**
 * Contract `scheduler`: which runnable thread runs next, and for how long.
 *
 * Policy here: order and quantum. Mechanism, fixed: the nucleus switches contexts, counts time and preempts. A policy
 * sees thread ids, nice values, policies and times only. Each module has a state layout of its own; `drain` and `add`
 * carry the threads from one to another. What a program asked for is the record of its thread in `process`; a scheduler
 * is told of it, keeps it and hands it on, whether it can honour it or not.
 */
import type { Contract } from './contract.ts';
import { bool, int, oneOf, record, type Schema } from './schema.ts';

/** Linux's policies (sched(7)): SCHED_OTHER, BATCH, IDLE, FIFO, RR, DEADLINE. */
export const POLICY_KINDS = ['normal', 'batch', 'idle', 'fifo', 'round-robin', 'deadline'] as const;
export type PolicyKind = (typeof POLICY_KINDS)[number];

/** How a thread is to be scheduled. Never changed once made, so that it may be shared; a change is another record. */
export interface Policy {
  readonly kind: PolicyKind;
  /** 1 to 99, higher first, for `fifo` and `round-robin`; else 0. */
  readonly priority: number;
  /**
   * `deadline`: so much CPU time, within `deadlineNs` of the start of each period of `periodNs`; runtime <= deadline <=
   * period. `normal` and `batch`: the slice that the thread would like, 0 = the scheduler's own. Else 0.
   */
  readonly runtimeNs: number;
  readonly deadlineNs: number;
  readonly periodNs: number;
  /** `deadline`: beside its runtime it may have what other deadlines leave of theirs (SCHED_FLAG_RECLAIM). */
  readonly reclaims: boolean;
}

export const createPolicy = (): Policy => ({
  kind: 'normal',
  priority: 0,
  runtimeNs: 0,
  deadlineNs: 0,
  periodNs: 0,
  reclaims: false,
});

/** For the state of those who keep a policy. */
export const policySchema: Schema<Policy> = record<Policy>(
  {
    kind: oneOf(...POLICY_KINDS),
    priority: int(),
    runtimeNs: int(),
    deadlineNs: int(),
    periodNs: int(),
    reclaims: bool(),
  },
  createPolicy,
);

/** The optional interface without which a policy can not be honoured, or null: any scheduler will do. */
export function interfaceOf({ kind }: Policy): 'realtime' | 'deadline' | null {
  if (kind === 'fifo' || kind === 'round-robin') return 'realtime';
  return kind === 'deadline' ? 'deadline' : null;
}

/** Deadline threads go before all real-time priorities. */
const DEADLINE_RANK = 100;

/** Who goes before whom, higher first: 100 for `deadline`, the priority for real-time threads, 0 for all others. */
export const rankOf = ({ kind, priority }: Policy): number =>
  kind === 'deadline' ? DEADLINE_RANK : priority;

/** The same in all that they ask for; null = none. */
export const samePolicy = (a: Policy | null, b: Policy | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.kind === b.kind &&
    a.priority === b.priority &&
    a.runtimeNs === b.runtimeNs &&
    a.deadlineNs === b.deadlineNs &&
    a.periodNs === b.periodNs);

/** What a scheduler is to go by: what the thread asked for, or what it has from one that waits for it. */
export const effectivePolicy = ({
  policy,
  inherited,
}: {
  readonly policy: Policy;
  readonly inherited: Policy | null;
}): Policy => (inherited !== null && rankOf(inherited) > rankOf(policy) ? inherited : policy);

/** Pid 1 is the kernel's own and never runs. */
const INIT = 1;

/** A thread as one scheduler hands it to the next. */
export interface Schedulable {
  readonly tid: number;
  /** -20 to 19. */
  readonly nice: number;
  readonly runnable: boolean;
  /** CPU time that it has had, in ns. */
  readonly cpuNs: number;
  /** Absent = normal. A scheduler without the interface that it needs treats it as normal, and hands it on unchanged. */
  readonly policy?: Policy;
  /** The thread that made it just now, if one did: what is known of that one's use of the CPU is the best guess of this one's. */
  readonly from?: number;
}

/** Of the optional interface `handoff`. */
export interface HandoffOperations {
  /**
   * `from`, which runs, will wait for what `to` does next: `to` goes next, before others of `from`'s rank, in what is left of
   * the turn of `from`. They may hand it to and fro, but together they get no more of the CPU than that turn before others
   * have theirs. A hint: ignored if `to` can not run or another goes before `from`. Changes no policy. Hot path.
   */
  handoff(from: number, to: number): void;
}

/** Operations of the optional interfaces; `scheduler.interfaces` says which belong to which. */
export interface PolicyOperations {
  /** The thread's policy is another. What is said of it by `interfaceOf` is leased by then. */
  setPolicy(tid: number, policy: Policy): void;
  /** CPU time of a real-time thread since it last became runnable, in ns; 0 for others (RLIMIT_RTTIME). */
  sinceWake(tid: number): number;
  /** What a thread gets in its turn, in ns; 0 if it runs until it blocks (sched_rr_get_interval(2)). */
  slice(tid: number): number;
  /** True if the CPU has room for the thread at this `deadline` policy, beside the others of that kind. */
  admits(tid: number, policy: Policy): boolean;
  /** What a `deadline` thread may run from where it was last stopped until its runtime is used up, in ns; 0 if it is, -1 for others. */
  budget(tid: number): number;
}

export interface Scheduler extends Partial<PolicyOperations>, Partial<HandoffOperations> {
  /** A thread that the scheduler has not seen. */
  add(thread: Schedulable): void;
  /** The thread is gone. */
  remove(tid: number): void;
  /** It became runnable. Idempotent. Hot path. */
  enqueue(tid: number): void;
  /** It blocked or stopped. Idempotent. Hot path. */
  dequeue(tid: number): void;
  /** The thread to run now; it stays runnable. 0 if none is. Hot path. */
  pick(hart: number): number;
  /** How long the thread that was picked may run, in ns. */
  quantum(tid: number): number;
  /** The thread ran for so long; `expired` if it used its quantum up. Hot path. */
  tick(tid: number, ranNs: number, expired: boolean): void;
  /** sched_yield(2). */
  yield(tid: number): void;
  /** True if a runnable thread should preempt `tid` now: asked after each wake-up. Hot path. */
  preempts(tid: number): boolean;
  setNice(tid: number, nice: number): void;
  /** Runnable threads. */
  load(): number;
  /** Every thread, in the order in which they would run; leaves the scheduler empty. */
  drain(): Schedulable[];
}

export const scheduler: Contract<Scheduler> = {
  name: 'scheduler',
  version: 1,
  operations: [
    'add',
    'remove',
    'enqueue',
    'dequeue',
    'pick',
    'quantum',
    'tick',
    'yield',
    'preempts',
    'setNice',
    'load',
    'drain',
  ],
  interfaces: {
    /** It is told of policies; without it they are only what `add` says. */
    policies: ['setPolicy'],
    /** `fifo` and `round-robin` run before all normal threads, by priority. */
    realtime: ['setPolicy', 'sinceWake', 'slice'],
    /** `deadline` threads get their runtime in every period, and no more; those beyond the CPU are not admitted. */
    deadline: ['setPolicy', 'admits'],
    /** It tells what is left of the runtime of a `deadline` thread (SCHED_FLAG_DL_OVERRUN). */
    budget: ['budget'],
    /** A thread can give the rest of its turn to the one that it is about to wait for. */
    handoff: ['handoff'],
  },
  rebuild(from, to) {
    for (const thread of from.drain()) to.add(thread);
  },
  recover({ process, waits }, to) {
    for (const group of process.groups()) {
      for (const tid of group.threads) {
        const thread = process.findThread(tid);
        if (thread === null || thread.dead) continue;
        const { nice, userNs, systemNs } = thread;
        const policy = effectivePolicy(thread);
        const runnable = tid !== INIT && waits.waiting(tid) === null && group.stopped === 0;
        to.add({ tid, nice, runnable, cpuNs: userNs + systemNs, policy });
      }
    }
  },
};
