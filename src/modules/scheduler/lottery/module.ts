/**
 * Lottery: each quantum goes to the holder of a ticket drawn by chance; nice is the price of tickets.
 *
 * Source: C. Waldspurger and W. Weihl, "Lottery scheduling: flexible proportional-share resource management", 1994. Shares
 * follow the tickets in the long run with hardly any history. A thread that uses a part f of its quantum gets 1/f times
 * its tickets until it wins again (compensation tickets), else those that wait much would lose by it. What no ticket buys is
 * a quick answer: a thread that wakes up has to win first.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import type { Module } from '../../../contracts/module.ts';
import { createPolicy, type Policy, policySchema, type Scheduler } from '../../../contracts/scheduler.ts';
import { bool, int, map, real, record, type Schema, set } from '../../../contracts/schema.ts';

const QUANTUM_NS = 10_000_000;
/** A quantum is not cut shorter than this, nor tickets multiplied by more. */
const QUANTUM_MIN_NS = 50_000;
const COMPENSATION_MAX = 100;
/** Tickets at nice -20 to 19: 1.25 times for each step. Products of 1.25 are the same in every engine. */
const TICKETS: readonly number[] = Array.from({ length: 40 }, (_, i) => {
  let tickets = 1;
  for (let step = i; step < 39; step++) tickets *= 1.25;
  return tickets;
});

interface Holder {
  tid: number;
  nice: number;
  runnable: boolean;
  cpuNs: number;
  policy: Policy;
  /** What its tickets count for: 1, or more after a quantum that was not used up. */
  compensation: number;
  /** CPU time since it last won. */
  usedNs: number;
}

export interface LotteryState {
  holders: Map<number, Holder>;
  /** Runnable threads. Tickets are counted off in this order. */
  runnable: Set<number>;
  /** Who won the quantum that is being used, 0 = to be drawn. Invariant: it is runnable. */
  winner: number;
  /** 1 to 2^31 - 2. */
  seed: number;
}

const createHolder = (): Holder => ({
  tid: 0,
  nice: 0,
  runnable: false,
  cpuNs: 0,
  policy: createPolicy(),
  compensation: 1,
  usedNs: 0,
});
const blank = (): LotteryState => ({ holders: new Map(), runnable: new Set(), winner: 0, seed: 1 });
const holder: Schema<Holder> = record<Holder>(
  {
    tid: int(),
    nice: int(),
    runnable: bool(),
    cpuNs: int(),
    policy: policySchema,
    compensation: real(),
    usedNs: int(),
  },
  createHolder,
);

function verify(state: LotteryState): string | null {
  let runnable = 0;
  for (const own of state.holders.values()) {
    if (own.runnable !== state.runnable.has(own.tid)) return `thread ${own.tid} takes part wrongly`;
    if (own.runnable) runnable++;
  }
  if (runnable !== state.runnable.size) return 'threads take part that do not exist';
  if (state.winner !== 0 && !state.runnable.has(state.winner))
    return `thread ${state.winner} has won and can not run`;
  return state.seed >= 1 && state.seed < MODULUS ? null : `${state.seed} is no seed`;
}

/** The minimal standard generator (S. Park and K. Miller, 1988), as in the paper: a full period of 2^31 - 2. */
const MULTIPLIER = 16_807;
const MODULUS = 2_147_483_647;

export const lotteryLayout: StateLayout<LotteryState> = layout(
  'lottery',
  record<LotteryState>(
    { holders: map(int(), holder), runnable: set(int()), winner: int(), seed: int() },
    blank,
  ),
  blank,
  verify,
);

function create(state: LotteryState): Scheduler {
  const { holders, runnable } = state;
  const valueOf = (tid: number): number => {
    const { nice, compensation } = holders.get(tid) as Holder;
    return (TICKETS[nice + 20] as number) * compensation;
  };
  /** @param but holds no ticket this time, unless nobody else does */
  const draw = (but: number): number => {
    if (runnable.size <= 1) return first();
    let all = 0;
    for (const tid of runnable) if (tid !== but) all += valueOf(tid);
    state.seed = (state.seed * MULTIPLIER) % MODULUS;
    let left = ((state.seed - 1) / (MODULUS - 1)) * all;
    let last = 0;
    for (const tid of runnable) {
      if (tid === but) continue;
      last = tid;
      left -= valueOf(tid);
      if (left < 0) break;
    }
    return last;
  };
  const first = (): number => {
    for (const tid of runnable) return tid;
    return 0;
  };
  const win = (tid: number): void => {
    state.winner = tid;
    const own = holders.get(tid);
    if (own === undefined) return;
    own.compensation = 1;
    own.usedNs = 0;
  };
  const withdraw = (tid: number): void => {
    runnable.delete(tid);
    if (state.winner === tid) state.winner = 0;
  };
  return {
    add({ tid, nice, runnable: runs, cpuNs, policy }) {
      const own = createHolder();
      own.tid = tid;
      own.nice = nice;
      own.runnable = runs;
      own.cpuNs = cpuNs;
      own.policy = policy ?? createPolicy();
      holders.set(tid, own);
      if (!runs) return;
      runnable.add(tid);
      // Alone it has won already; the first of those handed over was to run next.
      if (runnable.size === 1) win(tid);
    },
    remove(tid) {
      withdraw(tid);
      holders.delete(tid);
    },
    enqueue(tid) {
      const own = holders.get(tid);
      if (own === undefined) return;
      own.runnable = true;
      runnable.add(tid);
    },
    dequeue(tid) {
      const own = holders.get(tid);
      if (own === undefined) return;
      own.runnable = false;
      withdraw(tid);
    },
    pick() {
      if (state.winner === 0) win(draw(0));
      return state.winner;
    },
    quantum: (tid) => Math.max(QUANTUM_MIN_NS, QUANTUM_NS - (holders.get(tid)?.usedNs ?? 0)),
    tick(tid, ranNs) {
      const own = holders.get(tid);
      if (own === undefined) return;
      const ran = Math.round(ranNs);
      own.cpuNs += ran;
      own.usedNs += ran;
      if (own.usedNs >= QUANTUM_NS) {
        own.compensation = 1;
        if (state.winner === tid) state.winner = 0;
      } else if (state.winner !== tid) {
        own.compensation = Math.min(COMPENSATION_MAX, QUANTUM_NS / Math.max(1, own.usedNs));
      }
    },
    yield(tid) {
      if (runnable.has(tid)) win(draw(tid));
    },
    preempts: (tid) => state.winner !== tid,
    setNice(tid, nice) {
      const own = holders.get(tid);
      if (own !== undefined) own.nice = nice;
    },
    load: () => runnable.size,
    drain() {
      const { winner } = state;
      const order = winner === 0 ? [] : [winner];
      for (const tid of runnable) if (tid !== winner) order.push(tid);
      for (const own of holders.values()) if (!own.runnable) order.push(own.tid);
      const drained = order.map((tid) => {
        const { nice, runnable: runs, cpuNs, policy } = holders.get(tid) as Holder;
        return { tid, nice, runnable: runs, cpuNs, policy };
      });
      holders.clear();
      runnable.clear();
      state.winner = 0;
      return drained;
    },
    setPolicy(tid, policy) {
      const own = holders.get(tid);
      if (own !== undefined) own.policy = policy;
    },
  };
}

export const lotteryScheduler: Module<Scheduler, LotteryState> = {
  manifest: {
    slot: 'scheduler',
    name: 'lottery',
    version: '1.0.0',
    contract: 1,
    interfaces: ['policies'],
    needs: {},
    description: 'Each quantum goes to the holder of a ticket drawn by chance; nice is the price of tickets',
  },
  layout: lotteryLayout,
  create,
};
export default lotteryScheduler;
