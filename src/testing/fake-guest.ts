/**
 * A kernel with nothing behind it, for unit tests of modules that touch user buffers and wait.
 *
 * Real wait queues over a scheduler that only lists who was woken; user memory is a flat array in which a virtual
 * address is the physical one; processes, signals, host and clock are recorded. Holds no policy.
 */
import { EFAULT } from '../abi/linux/errno.ts';
import type { HostRequest } from '../contracts/host.ts';
import { createSpans, type Kernel, type Spans, WAIT } from '../contracts/kernel.ts';
import {
  createCredentials,
  createThread,
  createThreadGroup,
  type SignalInfo,
  type Thread,
  type ThreadGroup,
} from '../contracts/process.ts';
import type { Policy } from '../contracts/scheduler.ts';
import { SYSCALL, WaitQueues } from '../nucleus/waits.ts';
import { fakeRecords } from './fake-record.ts';

const MEMORY = 1 << 20;
/** Marks lie below the first user address. */
const CODE_MARKS = 0x1000;
/** Where buffers are laid, one after the other, from the start again when the memory is full. */
const FIRST_BUFFER = 0x10000;

export interface FakeGuest {
  readonly kernel: Kernel;
  readonly waits: WaitQueues;
  readonly memory: Uint8Array;
  /** Threads woken or notified, in order; the test empties it. */
  readonly woken: number[];
  readonly requests: { readonly id: number; readonly owner: string; readonly request: HostRequest }[];
  /** Everything sent to the host, as byte strings by stream. */
  readonly output: string[];
  readonly signals: { readonly pgrp: number; readonly signal: number }[];
  readonly invalidated: number[];
  readonly threads: Map<number, Thread>;
  readonly groups: Map<number, ThreadGroup>;
  /** Signals that are ignored, and process groups that are orphaned. */
  readonly ignored: Set<number>;
  readonly orphans: Set<number>;
  now: number;
}

export interface FakeGuestOptions {
  /** Operations of slots and services beside or instead of the fake ones. */
  readonly [slot: string]: object;
}

export function createFakeGuest(extra: FakeGuestOptions = {}): FakeGuest {
  const memory = new Uint8Array(MEMORY);
  const view = new DataView(memory.buffer);
  const woken: number[] = [];
  const output: string[] = ['', '', ''];
  const requests: { id: number; owner: string; request: HostRequest }[] = [];
  const signals: { pgrp: number; signal: number }[] = [];
  const invalidated: number[] = [];
  const threads = new Map<number, Thread>();
  const groups = new Map<number, ThreadGroup>();
  const ignored = new Set<number>();
  const orphans = new Set<number>();
  const inside = (va: number, length: number): boolean => va >= FIRST_BUFFER && va + length <= MEMORY;
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the fake kernel has no such record');
    return value;
  };
  const user = {
    value: 0,
    scratch: createSpans(),
    scratch2: createSpans(),
    spans(_tid: number, va: number, length: number, _write: boolean, into: Spans): number {
      if (!inside(va, length)) return -EFAULT;
      fillSpans(into, va, length);
      return 0;
    },
    read(_tid: number, va: number, into: Uint8Array): number {
      if (!inside(va, into.length)) return -EFAULT;
      into.set(memory.subarray(va, va + into.length));
      return 0;
    },
    write(_tid: number, va: number, from: Uint8Array): number {
      if (!inside(va, from.length)) return -EFAULT;
      memory.set(from, va);
      return 0;
    },
    readU32(_tid: number, va: number): number {
      if (!inside(va, 4)) return -EFAULT;
      user.value = view.getUint32(va, true);
      return 0;
    },
    writeU32(_tid: number, va: number, value: number): number {
      if (!inside(va, 4)) return -EFAULT;
      view.setUint32(va, value, true);
      return 0;
    },
  };
  Object.assign(user, fakeRecords(user));
  const kernel = {
    machine: { u8: memory, layout: { codeMarkBase: CODE_MARKS } },
    engine: {
      invalidateFrame(frame: number): void {
        memory[CODE_MARKS + frame] = 0;
        invalidated.push(frame);
      },
    },
    scheduler: { enqueue: (tid: number) => woken.push(tid), dequeue: () => {} },
    counters: { running: 0 },
    clock: {
      monotonic: () => guest.now,
      realtimeSeconds: () => 1,
      arm: () => {},
      disarm: () => {},
    },
    host: {
      request(owner: string, request: HostRequest): number {
        requests.push({ id: requests.length + 1, owner, request });
        return requests.length;
      },
      output(stream: number, bytes: Uint8Array): void {
        output[stream] += String.fromCharCode(...bytes);
      },
    },
    process: {
      thread: (tid: number) => need(threads.get(tid)),
      findThread: (tid: number) => threads.get(tid) ?? null,
      inherit(tid: number, policy: Policy | null): void {
        need(threads.get(tid)).inherited = policy;
      },
      group: (tid: number) => need(groups.get(need(threads.get(tid)).tgid)),
      findGroup: (tgid: number) => groups.get(tgid) ?? null,
      groups: () => [...groups.values()],
      action: (_tid: number, signal: number) => ({ handler: ignored.has(signal) ? 1 : 0 }),
      orphaned: (pgid: number) => orphans.has(pgid),
      capable: () => false,
      credentials: () => createCredentials(),
      signalProcessGroup(pgrp: number, info: SignalInfo): number {
        signals.push({ pgrp, signal: info.signal });
        return 1;
      },
      setTerminal(tgid: number, tty: number): void {
        need(groups.get(tgid)).tty = tty;
        if (tty !== -1) return;
        for (const group of groups.values()) if (group.sid === need(groups.get(tgid)).sid) group.tty = -1;
      },
      setMask(tid: number, low: number, high: number): void {
        const thread = need(threads.get(tid));
        thread.maskLow = low;
        thread.maskHigh = high;
      },
    },
    user,
    ...extra,
  } as unknown as Kernel & { waits: WaitQueues };
  const waits = new WaitQueues(kernel);
  (kernel as { waits: WaitQueues }).waits = waits;
  const guest: FakeGuest = {
    kernel,
    waits,
    memory,
    woken,
    requests,
    output,
    signals,
    invalidated,
    threads,
    groups,
    ignored,
    orphans,
    now: 1_000_000_000,
  };
  return guest;
}

/** A single-threaded process. */
export function addProcess(guest: FakeGuest, pid: number, pgid: number, sid: number): ThreadGroup {
  const thread = createThread();
  thread.tid = pid;
  thread.tgid = pid;
  guest.threads.set(pid, thread);
  const group = createThreadGroup();
  group.tgid = pid;
  group.pgid = pgid;
  group.sid = sid;
  group.space = pid;
  group.limits.fill(1024);
  guest.groups.set(pid, group);
  return group;
}

/** Run a call as the dispatcher does: a WAIT is stored. A wait that nobody ended is dropped: another call begins. */
export function run(guest: FakeGuest, tid: number, call: () => number): number {
  if (guest.waits.waiting(tid) !== null) guest.waits.cancel(tid);
  guest.waits.begin();
  const result = call();
  if (result === WAIT) guest.waits.commit(tid, SYSCALL);
  else guest.waits.finish(tid);
  return result;
}

/** Describe [address, address + length) in pieces that never cross a page, nor the odd place after 1000 bytes. */
export function fillSpans(into: Spans, address: number, length: number): void {
  into.count = 0;
  into.total = length;
  for (let at = 0; at < length; into.count++) {
    const start = address + at;
    const piece = Math.min(length - at, 4096 - (start % 4096), 1000);
    into.address[into.count] = start;
    into.length[into.count] = piece;
    at += piece;
  }
}

/** A user buffer that holds these bytes. */
export function buffer(guest: FakeGuest, content: string | number): Spans {
  const length = typeof content === 'number' ? content : content.length;
  const spans = createSpans();
  fillSpans(spans, FIRST_BUFFER + 123, length);
  if (typeof content === 'string') {
    for (let i = 0; i < length; i++) guest.memory[FIRST_BUFFER + 123 + i] = content.charCodeAt(i);
  }
  return spans;
}

/** The first `count` bytes of a user buffer. */
export function content(guest: FakeGuest, spans: Spans, count: number): string {
  let text = '';
  for (let i = 0; i < spans.count; i++) {
    const start = spans.address[i] as number;
    for (let at = 0; at < (spans.length[i] as number); at++)
      text += String.fromCharCode(guest.memory[start + at] as number);
  }
  return text.slice(0, Math.max(0, count));
}
