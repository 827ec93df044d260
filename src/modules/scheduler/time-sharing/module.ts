/**
 * Time sharing: multilevel feedback queues by decaying CPU usage, nice as a price of CPU time.
 *
 * Source: the 4.4BSD scheduler (McKusick et al., "The Design and Implementation of the 4.4BSD Operating System",
 * 4.4): usage drives a thread down 32 queues and decays by 2L/(2L+1) a second at load L. BSD adds nice to the priority,
 * which can starve; here it multiplies the charge by 1.25 a step, the ratio of sched(7). All usage decays to
 * queue 0, which is first come, first served, so that none starves. What wakes seldom runs soon; a burst of work pays.
 * A child begins with the usage of who forked it. Real-time threads (sched(7)) go before all of them.
 */
import type { Module } from '../../../contracts/module.ts';
import type { Schedulable, Scheduler } from '../../../contracts/scheduler.ts';
import { clear, inOrder } from '../../../lib/heap.ts';
import {
  chargeCredit,
  firstRealtime,
  isRealtime,
  isRealtimePolicy,
  leaveRealtime,
  noOthers,
  realtimeQuantum,
  reprioritise,
  tickRealtime,
  toBack,
  TURN_NS,
} from '../../../lib/sched/realtime.ts';
import { createEntry, type Entry, LEVELS, timeSharingLayout, type TimeSharingState } from './state.ts';

/** Recent usage that costs one level. */
const LEVEL_NS = 200_000_000;
const RECENT_MAX_NS: number = LEVELS * LEVEL_NS - 1;
/** CPU time of all threads from one decay to the next. */
const DECAY_NS = 1_000_000_000;
const QUANTUM_NS = 5_000_000;

/** Charge for a ns of CPU at nice -20 to 19. Products of 1.25 are the same in every engine, unlike Math.pow. */
const PRICES: readonly number[] = Array.from({ length: 40 }, (_, i) => {
  let price = 1;
  for (let step = Math.abs(i - 20); step > 0; step--) price *= 1.25;
  return i < 20 ? 1 / price : price;
});

const firstOf = (queue: Set<number>): number => {
  for (const tid of queue) return tid;
  return 0;
};

function create(state: TimeSharingState): Scheduler {
  const queueOf = (own: Entry): Set<number> => state.queues[own.level] as Set<number>;
  /** Levels whose queues are not empty, as bits: asked for after every kernel entry. */
  let occupied = 0;
  for (let level = 0; level < LEVELS; level++) {
    if ((state.queues[level] as Set<number>).size !== 0) occupied |= 1 << level;
  }
  /** The thread that need not give way, as long as nothing changes here: it is asked for after every kernel entry. 0 = unknown. */
  let staying = 0;
  const join = (own: Entry): void => {
    queueOf(own).add(own.tid);
    occupied |= 1 << own.level;
  };
  const leave = (own: Entry): void => {
    const queue = queueOf(own);
    queue.delete(own.tid);
    if (queue.size === 0) occupied &= ~(1 << own.level);
  };
  const place = (own: Entry, level: number, toTail: boolean): void => {
    if (own.level === level && !toTail) return;
    const queued = own.runnable && !isRealtime(own);
    if (queued) leave(own);
    own.level = level;
    if (queued) join(own);
  };
  const levelOf = (own: Entry): number => Math.floor(own.recentNs / LEVEL_NS);
  const quantumOf = (tid: number): number => QUANTUM_NS << ((state.threads.get(tid)?.level ?? 0) >> 3);
  const normal = (): number => {
    let count = 0;
    for (const queue of state.queues) count += queue.size;
    return count;
  };
  const load = (): number => normal() + state.realtime.ids.length;
  /** It wants the CPU. */
  const enter = (own: Entry): void => {
    if (isRealtime(own)) toBack(state, own);
    else join(own);
  };
  /** It does not want it any more, or as another kind of thread. */
  const exit = (own: Entry): void => {
    if (isRealtime(own)) {
      leaveRealtime(state, own);
      return;
    }
    leave(own);
    if ((state.starvedNs !== 0 || state.creditNs !== 0) && normal() === 0) noOthers(state);
  };
  const decay = (): void => {
    const twice = 2 * Math.max(1, load());
    for (const own of state.threads.values()) {
      own.recentNs = Math.floor((own.recentNs * twice) / (twice + 1));
      place(own, levelOf(own), false);
    }
  };
  /** A runnable thread of a better level than this goes before it. */
  const isOutranked = (level: number): boolean => (occupied & ((1 << level) - 1)) !== 0;
  const endLoan = (): void => {
    state.lender = state.holder = state.lentNs = 0;
  };
  /** Who has the turn that was handed on; it falls back to the lender. 0 if nobody, or others go first. */
  const holderOf = (): number => {
    if (state.lender === 0) return 0;
    const lender = state.threads.get(state.lender) as Entry;
    if (isOutranked(lender.level)) return 0;
    if (state.threads.get(state.holder)?.runnable === true) return state.holder;
    return lender.runnable ? state.lender : 0;
  };
  /** A turn that is used up is the lender's: it goes to the back, so that those behind it have theirs. */
  const chargeLoan = (ran: number): void => {
    if (state.lender === 0) return;
    state.lentNs -= ran;
    if (state.lentNs > 0) return;
    const lender = state.threads.get(state.lender) as Entry;
    place(lender, lender.level, true);
    endLoan();
  };
  const givesWay = (tid: number): boolean => {
    const own = state.threads.get(tid);
    if (own === undefined || !own.runnable) return true;
    const first = firstRealtime(state);
    if (first !== 0) return first !== tid;
    if (isRealtime(own)) return true;
    const holder = holderOf();
    if (holder !== 0) return holder !== tid;
    if (isOutranked(own.level)) return true;
    return queueOf(own).size > 1 && firstOf(queueOf(own)) !== tid;
  };
  return {
    add(thread: Schedulable) {
      staying = 0;
      const { tid, nice, runnable, cpuNs, policy, from } = thread;
      const own = createEntry();
      own.tid = tid;
      own.nice = nice;
      own.runnable = runnable;
      own.cpuNs = cpuNs;
      if (policy !== undefined) own.policy = policy;
      own.leftNs = TURN_NS;
      // Else a child would go before its parent until it has used as much, and a program could shed its usage by forking.
      const parent = from === undefined ? undefined : state.threads.get(from);
      if (parent !== undefined) {
        own.recentNs = parent.recentNs;
        own.level = levelOf(own);
      }
      state.threads.set(tid, own);
      if (own.runnable) enter(own);
    },
    remove(tid) {
      staying = 0;
      const own = state.threads.get(tid);
      if (own === undefined) return;
      if (own.runnable) exit(own);
      state.threads.delete(tid);
      if (tid === state.lender || tid === state.holder) endLoan();
    },
    enqueue(tid) {
      staying = 0;
      const own = state.threads.get(tid);
      if (own === undefined || own.runnable) return;
      own.runnable = true;
      own.sinceWakeNs = 0;
      enter(own);
    },
    dequeue(tid) {
      staying = 0;
      const own = state.threads.get(tid);
      if (own === undefined || !own.runnable) return;
      own.runnable = false;
      exit(own);
    },
    pick() {
      staying = 0;
      const first = firstRealtime(state);
      if (first !== 0) return first;
      const holder = holderOf();
      if (holder !== 0) {
        state.holder = holder;
        return holder;
      }
      endLoan();
      for (const queue of state.queues) if (queue.size > 0) return firstOf(queue);
      return 0;
    },
    /** Those who use much run seldom, and longer. */
    quantum(tid) {
      const thread = state.threads.get(tid);
      if (thread !== undefined && isRealtime(thread)) return realtimeQuantum(state, thread, normal() !== 0);
      const own = state.creditNs > 0 ? Math.min(quantumOf(tid), state.creditNs) : quantumOf(tid);
      return state.lender !== 0 && tid === state.holder ? Math.max(1, Math.min(own, state.lentNs)) : own;
    },
    tick(tid, ranNs, expired) {
      staying = 0;
      const ran = Math.round(ranNs);
      const own = state.threads.get(tid);
      if (own !== undefined) own.cpuNs += ran;
      if (own !== undefined && isRealtime(own)) {
        tickRealtime(state, own, ran, normal() !== 0);
        return;
      }
      chargeCredit(state, ran);
      if (own !== undefined) {
        const charge = Math.round(ran * (PRICES[own.nice + 20] ?? 1));
        own.recentNs = Math.min(RECENT_MAX_NS, own.recentNs + charge);
        place(own, levelOf(own), expired);
      }
      chargeLoan(ran);
      state.sinceDecayNs += ran;
      while (state.sinceDecayNs >= DECAY_NS) {
        state.sinceDecayNs -= DECAY_NS;
        decay();
      }
    },
    /** Behind the others of its level; alone there, behind those of the next, so that some other thread runs. */
    yield(tid) {
      staying = 0;
      const own = state.threads.get(tid);
      if (own === undefined || !own.runnable) return;
      if (isRealtime(own)) {
        toBack(state, own);
        return;
      }
      endLoan();
      let level = own.level;
      if (queueOf(own).size === 1) {
        level++;
        while (level < LEVELS && state.queues[level]?.size === 0) level++;
        if (level === LEVELS) return;
      }
      place(own, level, true);
    },
    preempts(tid) {
      if (staying === tid) return false;
      if (givesWay(tid)) return true;
      staying = tid;
      return false;
    },
    setNice(tid, nice) {
      staying = 0;
      const own = state.threads.get(tid);
      if (own !== undefined) own.nice = nice;
    },
    load,
    drain() {
      staying = 0;
      const order: Schedulable[] = inOrder(state.realtime).map((tid) => ({
        ...(state.threads.get(tid) as Entry),
      }));
      for (const queue of state.queues) {
        for (const tid of queue) order.push({ ...(state.threads.get(tid) as Entry) });
      }
      for (const own of state.threads.values()) if (!own.runnable) order.push({ ...own });
      for (const queue of state.queues) queue.clear();
      occupied = 0;
      clear(state.realtime);
      state.threads.clear();
      endLoan();
      noOthers(state);
      return order;
    },
    setPolicy(tid, policy) {
      staying = 0;
      const own = state.threads.get(tid);
      if (own === undefined) return;
      const realtime = isRealtimePolicy(policy);
      if (realtime && isRealtime(own)) reprioritise(state, own, policy);
      else if (!own.runnable || realtime === isRealtime(own)) own.policy = policy;
      else {
        exit(own);
        own.policy = policy;
        enter(own);
        if (tid === state.lender || tid === state.holder) endLoan();
      }
      if (realtime) own.leftNs = TURN_NS;
      else own.sinceWakeNs = 0;
    },
    sinceWake: (tid) => state.threads.get(tid)?.sinceWakeNs ?? 0,
    slice(tid) {
      const kind = state.threads.get(tid)?.policy.kind;
      return kind === 'fifo' ? 0 : kind === 'round-robin' ? TURN_NS : quantumOf(tid);
    },
    handoff(from, to) {
      staying = 0;
      const giver = state.threads.get(from);
      const taker = state.threads.get(to);
      if (giver === undefined || from === to || taker?.runnable !== true) return;
      if (isRealtime(giver) || isRealtime(taker)) return;
      if (isOutranked(giver.level)) return;
      if (state.lender === 0 || state.holder !== from) {
        state.lender = from;
        state.lentNs = quantumOf(from);
      }
      state.holder = to;
    },
  };
}

export const timeSharingScheduler: Module<Scheduler, TimeSharingState> = {
  manifest: {
    slot: 'scheduler',
    name: 'time-sharing',
    version: '1.0.0',
    contract: 1,
    interfaces: ['policies', 'realtime', 'handoff'],
    needs: {},
    description:
      'Multilevel feedback by decaying CPU usage below real-time threads; nice is the price of CPU time',
  },
  layout: timeSharingLayout,
  create,
};
export default timeSharingScheduler;
