/**
 * A raffle, or lottery scheduling: every runnable thread holds tickets, and each quantum goes to the holder of a drawn one.
 *
 * Source: C. Waldspurger and W. Weihl, "Lottery scheduling: flexible proportional-share resource management", OSDI 1994.
 * Shares follow the tickets with no history kept at all, and nobody starves who has one. What it does not give is a quick
 * answer: a thread that wakes up has to win first. Nice is the price of a ticket: 1.25 times for each step.
 *
 * One file with nothing from outside, so that `insmod` can load it. The README beside it says what each part is for.
 */

const QUANTUM_NS = 10_000_000;
/** Tickets at nice -20 to 19. */
const TICKETS = [];
for (let i = 0, tickets = 8_388_608; i < 40; i++, tickets /= 1.25) TICKETS.push(Math.max(1, Math.floor(tickets)));

// State: plain data, and how to check it, write it to bytes and read it back. The bytes come back in the same order.

const blank = () => ({ threads: new Map(), winner: 0, seed: 0x2545f491 });

const need = (condition, path, expected) => {
  if (!condition) throw new Error(`state at ${path}: expected ${expected}`);
};

const schema = {
  check(state, path) {
    need(state.threads instanceof Map, `${path}.threads`, 'a Map');
    need(Number.isSafeInteger(state.winner), `${path}.winner`, 'a thread id or 0');
    need(Number.isSafeInteger(state.seed) && state.seed !== 0, `${path}.seed`, 'a number but 0');
    for (const { tid, nice, runnable, cpuNs } of state.threads.values()) {
      const numbers = Number.isSafeInteger(tid) && Number.isSafeInteger(nice) && Number.isSafeInteger(cpuNs);
      need(numbers && typeof runnable === 'boolean', `${path}.threads[${tid}]`, 'a thread');
    }
  },
  write(state, out) {
    out.int(state.winner);
    out.int(state.seed);
    out.int(state.threads.size);
    for (const { tid, nice, runnable, cpuNs } of state.threads.values()) {
      out.int(tid);
      out.int(nice);
      out.int(runnable ? 1 : 0);
      out.int(cpuNs);
    }
  },
  read(input) {
    const state = blank();
    state.winner = input.int();
    state.seed = input.int();
    for (let left = input.int(); left > 0; left--) {
      const tid = input.int();
      state.threads.set(tid, { tid, nice: input.int(), runnable: input.int() !== 0, cpuNs: input.int() });
    }
    return state;
  },
};

/** What the schema can not say. Returns what is wrong, or null. */
function verify(state) {
  if (state.winner === 0 || state.threads.get(state.winner)?.runnable) return null;
  return `thread ${state.winner} has won and can not run`;
}

// Behaviour: functions over that state. A fresh instance may take over between any two calls, so nothing else is kept.

function create(state) {
  const tickets = ({ nice }) => TICKETS[nice + 20];
  const withdraw = (tid) => {
    if (state.winner === tid) state.winner = 0;
  };
  /** xorshift32 (G. Marsaglia, 2003). A kernel has no other source of chance: its runs can be repeated. */
  const random = () => {
    let x = state.seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    state.seed = x;
    return (x >>> 0) / 0x1_0000_0000;
  };
  /** The holder of a ticket drawn from all that can be run; 0 if there is none. `but` holds none, if others do. */
  const draw = (but) => {
    let sum = 0;
    for (const thread of state.threads.values()) if (thread.runnable && thread.tid !== but) sum += tickets(thread);
    if (sum === 0) return state.threads.get(but)?.runnable ? but : 0;
    let left = Math.floor(random() * sum);
    for (const thread of state.threads.values()) {
      if (!thread.runnable || thread.tid === but) continue;
      left -= tickets(thread);
      if (left < 0) return thread.tid;
    }
    return 0;
  };
  return {
    add({ tid, nice, runnable, cpuNs }) {
      state.threads.set(tid, { tid, nice, runnable, cpuNs });
    },
    remove(tid) {
      state.threads.delete(tid);
      withdraw(tid);
    },
    enqueue(tid) {
      const thread = state.threads.get(tid);
      if (thread !== undefined) thread.runnable = true;
    },
    dequeue(tid) {
      const thread = state.threads.get(tid);
      if (thread !== undefined) thread.runnable = false;
      withdraw(tid);
    },
    pick() {
      if (state.winner === 0) state.winner = draw(0);
      return state.winner;
    },
    quantum: () => QUANTUM_NS,
    tick(tid, ranNs, expired) {
      const thread = state.threads.get(tid);
      if (thread !== undefined) thread.cpuNs += Math.round(ranNs);
      if (expired) withdraw(tid);
    },
    yield(tid) {
      state.winner = draw(tid);
    },
    preempts: (tid) => state.winner !== tid,
    setNice(tid, nice) {
      const thread = state.threads.get(tid);
      if (thread !== undefined) thread.nice = nice;
    },
    load: () => [...state.threads.values()].filter(({ runnable }) => runnable).length,
    drain() {
      const threads = [...state.threads.values()];
      state.threads.clear();
      state.winner = 0;
      return [...threads.filter(({ runnable }) => runnable), ...threads.filter(({ runnable }) => !runnable)];
    },
  };
}

export default {
  manifest: {
    slot: 'scheduler',
    name: 'raffle',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: {},
    description: 'Each quantum goes to the holder of a ticket drawn at random; nice is the price of a ticket',
  },
  layout: { name: 'raffle', versions: [{ version: 1, schema }], create: blank, verify },
  create,
};
