/**
 * Wait records and queues: a blocked thread as data.
 *
 * Owns, for each waiting thread, the events it waits for, its time-out, what a signal does to it and the progress that
 * its handler left; and for each event its waiters in order of arrival. Who waits for what is decided by modules.
 * A record outlives its wait, and a queue its last waiter, to serve the next one: what is made anew for each wait is a tenth of
 * a pipe's round trip, most of it for taking keys out of maps.
 */
import type { Kernel, RestartClass, Waits } from '../contracts/kernel.ts';
import type { Undoable } from './trial.ts';
import { DRIVEN, RESUMED_BY_EVENT, RESUMED_BY_SIGNAL, RESUMED_BY_TIMEOUT } from '../contracts/kernel.ts';

/** What is run again when the thread is woken: its system call, its faulting instruction, or the host's exec of it. */
export type Continuation =
  | { readonly operation: 'syscall' }
  | { readonly operation: 'fault' }
  | {
      readonly operation: 'exec';
      readonly path: string;
      readonly argv: readonly string[];
      readonly envp: readonly string[];
    };

export interface WaitRecord {
  readonly tid: number;
  /** A call or fault is under way. Otherwise the record says nothing. */
  live: boolean;
  continuation: Continuation;
  events: number[];
  /** Monotonic ns, or -1. */
  deadline: number;
  restart: RestartClass;
  progress: number[];
  /** 0 while it waits, else why it is to run again. */
  resumedBy: number;
  /** Its call was broken off and is to begin anew: the handler must not see that it ever ran. */
  anew: boolean;
}

const NO_PROGRESS: readonly number[] = [];
/** Empty queues that are kept. */
const MOST_EMPTY = 256;
const NO_WATCHERS: readonly Watcher[] = [];
export const SYSCALL: Continuation = { operation: 'syscall' };
export const FAULT: Continuation = { operation: 'fault' };

/** Who is to hear of an event: see `Waits.watch`. */
interface Watcher {
  readonly to: number;
  readonly token: number;
  /** Others of the kind need not hear of it, once somebody who waits did. */
  readonly exclusive: boolean;
}

export class WaitQueues implements Waits, Undoable {
  readonly #kernel: Kernel;
  readonly #records = new Map<number, WaitRecord>();
  readonly #queues = new Map<number, number[]>();
  /** Who was asked for last, -1 = nobody; a call asks four times. */
  #lastTid = -1;
  #last: WaitRecord | undefined;
  /** How many of the queues are empty. */
  #empty = 0;
  /** By the event that is watched, and back: by `to` and token to the events. */
  readonly #watchers = new Map<number, Watcher[]>();
  readonly #watched = new Map<number, Map<number, number[]>>();
  readonly #fired = new Map<number, Set<number>>();
  #nextEvent = 1;
  /** Of the call in progress. */
  readonly #events: number[] = [];
  #deadline = -1;
  #restart: RestartClass = 'disk';
  #progress: number[] | null = null;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  newEvent(): number {
    return this.#nextEvent++;
  }

  on(event: number): void {
    this.#events.push(event);
  }

  until(deadline: number): void {
    if (this.#deadline < 0 || deadline < this.#deadline) this.#deadline = deadline;
  }

  restart(as: RestartClass): void {
    this.#restart = as;
  }

  keep(progress: number[]): void {
    this.#progress = progress;
  }

  resumed(tid: number): number {
    const record = this.#find(tid);
    return record === undefined || !record.live || record.anew ? 0 : record.resumedBy;
  }

  progress(tid: number): readonly number[] {
    const record = this.#find(tid);
    return record === undefined || !record.live ? NO_PROGRESS : record.progress;
  }

  interrupted(tid: number): boolean {
    return this.resumed(tid) === RESUMED_BY_SIGNAL;
  }

  waiting(tid: number): RestartClass | null {
    const record = this.#live(tid);
    return record !== null && record.resumedBy === 0 ? record.restart : null;
  }

  wake(event: number, count: number): number {
    let woken = 0;
    const queue = this.#queues.get(event);
    if (queue !== undefined) {
      while (woken < count && queue.length > 0) {
        this.#resume(this.#records.get(queue[0] as number) as WaitRecord, RESUMED_BY_EVENT);
        woken++;
      }
    }
    if (this.#watchers.size !== 0) this.#tell(event);
    return woken;
  }

  watch(to: number, token: number, exclusive = false): void {
    let tokens = this.#watched.get(to);
    if (tokens === undefined) this.#watched.set(to, (tokens = new Map()));
    let events = tokens.get(token);
    if (events === undefined) tokens.set(token, (events = []));
    for (const event of this.#events) {
      if (events.includes(event)) continue;
      events.push(event);
      const watchers = this.#watchers.get(event);
      if (watchers === undefined) this.#watchers.set(event, [{ to, token, exclusive }]);
      else watchers.push({ to, token, exclusive });
    }
    this.#events.length = 0;
  }

  unwatch(to: number, token: number): void {
    const tokens = this.#watched.get(to);
    for (const event of tokens?.get(token) ?? NO_PROGRESS) {
      const left = this.#watchers.get(event)?.filter((each) => each.to !== to || each.token !== token) ?? [];
      if (left.length === 0) this.#watchers.delete(event);
      else this.#watchers.set(event, left);
    }
    tokens?.delete(token);
    if (tokens?.size === 0) this.#watched.delete(to);
    const fired = this.#fired.get(to);
    fired?.delete(token);
    if (fired?.size === 0) this.#fired.delete(to);
  }

  /** Files have fired that send signals: see DRIVEN. */
  get driven(): boolean {
    return this.#fired.size !== 0 && this.#fired.has(DRIVEN);
  }

  fired(to: number): readonly number[] {
    const tokens = this.#fired.get(to);
    if (tokens === undefined) return NO_PROGRESS;
    this.#fired.delete(to);
    return [...tokens];
  }

  /** An event was woken: who watches it hears of it once, until it has taken what fired. */
  #tell(event: number): void {
    let taken = false;
    for (const { to, token, exclusive } of this.#watchers.get(event) ?? NO_WATCHERS) {
      if (exclusive && taken) continue;
      const tokens = this.#fired.get(to);
      if (tokens === undefined) this.#fired.set(to, new Set([token]));
      else if (tokens.has(token)) continue;
      else tokens.add(token);
      const woken = this.wake(to, Number.POSITIVE_INFINITY);
      if (exclusive && woken > 0) taken = true;
    }
  }

  requeue(from: number, to: number, count: number): number {
    let moved = 0;
    for (; moved < count; moved++) {
      const tid = this.#queues.get(from)?.[0];
      if (tid === undefined) break;
      const record = this.#records.get(tid) as WaitRecord;
      this.#leave(tid, from);
      this.#enter(tid, to);
      record.events = record.events.map((event) => (event === from ? to : event));
    }
    return moved;
  }

  waiters(event: number): readonly number[] {
    return this.#queues.get(event) ?? NO_PROGRESS;
  }

  firstWaiter(event: number): number {
    const first = this.#queues.get(event)?.[0];
    if (first !== undefined) return first;
    if (this.#watchers.size === 0) return 0;
    for (const { to } of this.#watchers.get(event) ?? NO_WATCHERS) {
      const behind = this.firstWaiter(to);
      if (behind !== 0) return behind;
    }
    return 0;
  }

  notify(tid: number): void {
    const record = this.#live(tid);
    if (record === null || record.resumedBy !== 0) this.#kernel.scheduler.enqueue(tid);
    else if (record.restart !== 'disk' || this.#kernel.process.group(tid).exiting) {
      this.#resume(record, RESUMED_BY_SIGNAL);
    }
  }

  cancel(tid: number): void {
    const record = this.#records.get(tid);
    if (record === undefined) return;
    this.#unqueue(record);
    this.#records.delete(tid);
    this.#lastTid = -1;
  }

  /** A call begins: nothing is waited for yet. */
  begin(): void {
    // One by one, for a list of length 0 has given up its memory.
    while (this.#events.length !== 0) this.#events.pop();
    this.#deadline = -1;
    this.#restart = 'disk';
    this.#progress = null;
  }

  /** The call in progress ended in WAIT: the thread waits for what was named since `begin`. */
  commit(tid: number, continuation: Continuation): void {
    let record = this.#find(tid);
    if (record === undefined) {
      record = createRecord(tid);
      this.#records.set(tid, record);
      this.#lastTid = -1;
    }
    if (this.#progress !== null) record.progress = this.#progress;
    record.live = true;
    record.continuation = continuation;
    record.deadline = this.#deadline;
    record.restart = this.#restart;
    record.resumedBy = 0;
    record.anew = false;
    for (const event of this.#events) {
      record.events.push(event);
      this.#enter(tid, event);
    }
    if (record.deadline >= 0) this.#kernel.clock.arm('wait', tid, record.deadline);
    this.#kernel.scheduler.dequeue(tid);
  }

  /** How many events were named since `begin`. */
  named(): number {
    return this.#events.length;
  }

  /** The class named since `begin`. */
  pendingRestart(): RestartClass {
    return this.#restart;
  }

  /** The thread's record if it is to be run again now. */
  ready(tid: number): WaitRecord | null {
    const record = this.#live(tid);
    return record !== null && record.resumedBy !== 0 ? record : null;
  }

  /** The wait was broken off but no handler runs: the call goes on if it keeps time itself, else it begins anew. */
  rearm(record: WaitRecord, restart: RestartClass): void {
    record.resumedBy = RESUMED_BY_EVENT;
    if (restart === 'block') return;
    record.anew = true;
    record.progress = [];
  }

  /** The call is over. */
  finish(tid: number): void {
    const record = this.#find(tid);
    if (record === undefined || !record.live) return;
    record.live = false;
    record.continuation = SYSCALL;
    if (record.progress.length > 0) record.progress = [];
  }

  /** The wait's time-out expired. */
  timeOut(tid: number): void {
    const record = this.#live(tid);
    if (record !== null && record.resumedBy === 0) this.#resume(record, RESUMED_BY_TIMEOUT);
  }

  /** Threads that wait, for a report of a deadlock. */
  all(): readonly WaitRecord[] {
    return [...this.#records.values()].filter(({ live }) => live);
  }

  checkpoint(): () => void {
    const records = this.all().map(copyOf);
    this.#dropEmpty();
    const queues = [...this.#queues].map(([event, queue]) => [event, queue.slice()] as const);
    const nextEvent = this.#nextEvent;
    const watchers = [...this.#watchers].map(([event, list]) => [event, list.slice()] as const);
    const watched = [...this.#watched].map(
      ([to, tokens]) => [to, new Map([...tokens].map(([token, events]) => [token, events.slice()]))] as const,
    );
    const fired = [...this.#fired].map(([to, tokens]) => [to, new Set(tokens)] as const);
    return () => {
      this.begin();
      this.#lastTid = -1;
      refill(this.#watchers, watchers);
      refill(this.#watched, watched);
      refill(this.#fired, fired);
      refill(
        this.#records,
        records.map((record) => [record.tid, record]),
      );
      refill(this.#queues, queues);
      this.#empty = 0;
      this.#nextEvent = nextEvent;
    };
  }

  #resume(record: WaitRecord, by: number): void {
    this.#unqueue(record);
    record.resumedBy = by;
    this.#kernel.scheduler.enqueue(record.tid);
  }

  #unqueue(record: WaitRecord): void {
    const { events, tid } = record;
    for (let event = events.pop(); event !== undefined; event = events.pop()) this.#leave(tid, event);
    if (record.deadline >= 0) this.#kernel.clock.disarm('wait', tid);
    record.deadline = -1;
  }

  #enter(tid: number, event: number): void {
    const queue = this.#queues.get(event);
    if (queue === undefined) this.#queues.set(event, [tid]);
    else if (queue.length === 0) {
      queue.push(tid);
      this.#empty--;
    } else if (!queue.includes(tid)) queue.push(tid);
  }

  #leave(tid: number, event: number): void {
    const queue = this.#queues.get(event);
    if (queue === undefined) return;
    const at = queue.indexOf(tid);
    if (at < 0) return;
    if (queue.length > 1) {
      queue.splice(at, 1);
      return;
    }
    queue.pop();
    if (++this.#empty > MOST_EMPTY) this.#dropEmpty();
  }

  #dropEmpty(): void {
    if (this.#empty === 0) return;
    for (const [event, queue] of this.#queues) if (queue.length === 0) this.#queues.delete(event);
    this.#empty = 0;
  }

  #find(tid: number): WaitRecord | undefined {
    if (tid !== this.#lastTid) {
      this.#last = this.#records.get(tid);
      this.#lastTid = tid;
    }
    return this.#last;
  }

  #live(tid: number): WaitRecord | null {
    const record = this.#find(tid);
    return record !== undefined && record.live ? record : null;
  }
}

const createRecord = (tid: number): WaitRecord => ({
  tid,
  live: false,
  continuation: SYSCALL,
  events: [],
  deadline: -1,
  restart: 'disk',
  progress: [],
  resumedBy: 0,
  anew: false,
});

const copyOf = (record: WaitRecord): WaitRecord => ({
  ...record,
  events: record.events.slice(),
  progress: record.progress.slice(),
});

function refill<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
