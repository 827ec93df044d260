/**
 * The server of a thread with a deadline: how runtime and deadline go on over its periods.
 *
 * Rules of the constant-bandwidth server (Abeni and Buttazzo, 1998) with hard reservations, and those of Linux for
 * deadlines shorter than the period. Where servers queue is the module's.
 */
import { createPolicy, type Policy, policySchema } from '../../../contracts/scheduler.ts';
import { bool, int, record, type Schema } from '../../../contracts/schema.ts';

export interface Server {
  tid: number;
  nice: number;
  policy: Policy;
  runnable: boolean;
  cpuNs: number;
  /** Runtime left until `deadlineNs`, monotonic. Below 0: it ran longer, at the cost of the next period. */
  leftNs: number;
  deadlineNs: number;
  /** It has used up its runtime, or given the rest away. */
  throttled: boolean;
  yielded: boolean;
}

export const createServer = (): Server => ({
  tid: 0,
  nice: 0,
  policy: createPolicy(),
  runnable: false,
  cpuNs: 0,
  leftNs: 0,
  deadlineNs: 0,
  throttled: false,
  yielded: false,
});

export const serverSchema: Schema<Server> = record<Server>(
  {
    tid: int(),
    nice: int(),
    policy: policySchema,
    runnable: bool(),
    cpuNs: int(),
    leftNs: int(),
    deadlineNs: int(),
    throttled: bool(),
    yielded: bool(),
  },
  createServer,
);

export const nextPeriod = ({ deadlineNs, policy }: Server): number =>
  deadlineNs - policy.deadlineNs + policy.periodNs;

/** The part of the CPU that it was promised. */
export const bandwidthOf = ({ policy }: Server): number => policy.runtimeNs / policy.periodNs;

/** It may still want what it was promised: one that blocks does, until its deadline. */
export const isActive = ({ runnable, deadlineNs }: Server, now: number): boolean =>
  runnable || deadlineNs > now;

/** A new period begins at `now`. */
export function renew(server: Server, now: number): void {
  server.leftNs = server.policy.runtimeNs;
  server.deadlineNs = now + server.policy.deadlineNs;
  server.throttled = server.yielded = false;
}

/**
 * It becomes runnable: goes on with what is left of its period if that keeps within its bandwidth, else begins a
 * new one. One whose deadline is shorter than its period waits for that instead, or gets in proportion.
 */
export function wake(server: Server, now: number): void {
  const { runtimeNs, deadlineNs, periodNs } = server.policy;
  if (server.throttled) {
    if (nextPeriod(server) <= now) replenish(server, now);
    return;
  }
  const constrained = deadlineNs < periodNs;
  const ahead = server.deadlineNs - now;
  if (ahead <= 0) {
    if (constrained && now < nextPeriod(server)) server.throttled = true;
    else renew(server, now);
  } else if (server.leftNs / ahead > runtimeNs / deadlineNs) {
    if (constrained) server.leftNs = Math.floor((ahead * runtimeNs) / deadlineNs);
    else renew(server, now);
  }
}

/** Its next period has begun, or several have. */
export function replenish(server: Server, now: number): void {
  const { runtimeNs, deadlineNs, periodNs } = server.policy;
  if (server.yielded) server.leftNs = 0;
  while (server.leftNs <= 0) {
    server.leftNs += runtimeNs;
    server.deadlineNs += periodNs;
  }
  server.throttled = server.yielded = false;
  if (server.deadlineNs - deadlineNs + periodNs <= now) renew(server, now);
}
