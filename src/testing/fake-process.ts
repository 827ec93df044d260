/**
 * A kernel around the real process module and real wait queues; all other slots only record what they were asked.
 *
 * For tests of process semantics. User memory is one flat array for every address space.
 */
import type { Kernel } from '../contracts/kernel.ts';
import {
  type CloneRequest,
  createSignalInfo,
  type Process,
  type ProcessState,
  processLayout,
  type SignalInfo,
} from '../contracts/process.ts';
import { decode, encode, type Schema } from '../contracts/schema.ts';
import posixProcess from '../modules/process/posix/module.ts';
import { WaitQueues } from '../nucleus/waits.ts';

export interface FakeProcesses {
  readonly kernel: Kernel;
  readonly waits: WaitQueues;
  /** The operations in place now: `copyState` replaces them. */
  readonly process: () => Process;
  readonly state: () => ProcessState;
  /** Calls of other slots, as "vfs.release 5 3". */
  readonly calls: string[];
  readonly runnable: Set<number>;
  readonly memory: DataView;
  /** Serialise the state, read it back into a fresh instance, and go on with that. */
  copyState(): void;
  now: number;
  sinceWake: number;
}

const FORK: CloneRequest = {
  thread: false,
  shareFiles: false,
  shareFs: false,
  shareHandlers: false,
  parentOfCaller: false,
  vfork: false,
  clearHandlers: false,
  exitSignal: 17,
  space: 0,
};

export function createFakeProcesses(contexts = 16): FakeProcesses {
  const calls: string[] = [];
  const runnable = new Set<number>();
  const memory = new DataView(new ArrayBuffer(65536));
  let state: ProcessState = processLayout.create();
  const record =
    (name: string, result: number) =>
    (...values: unknown[]): number => {
      calls.push(`${name} ${values.join(' ')}`.trim());
      return result;
    };
  const fake = {
    machine: { layout: { contexts } },
    counters: { forks: 0 },
    clock: {
      monotonic: () => fake.now,
      arm: record('clock.arm', 0),
      disarm: () => undefined,
    },
    now: 0,
    scheduler: {
      add: (thread: { tid: number; runnable: boolean }) => {
        if (thread.runnable) runnable.add(thread.tid);
      },
      remove: (tid: number) => runnable.delete(tid),
      enqueue: (tid: number) => runnable.add(tid),
      dequeue: (tid: number) => runnable.delete(tid),
      sinceWake: () => fake.sinceWake,
    },
    /** What a real-time thread ran since it last blocked. */
    sinceWake: 0,
    leases: {
      take(cell: string, name: string, holder: number): boolean {
        calls.push(`leases.take ${cell} ${name} ${holder}`);
        return true;
      },
      give: record('leases.give', 0),
    },
    vfs: {
      retain: record('vfs.retain', 0),
      release: record('vfs.release', 0),
      holdDentry: record('vfs.hold', 0),
      releaseDentry: record('vfs.drop', 0),
    },
    vm: {
      resident: () => 0,
      release: record('vm.release', 0),
    },
    tty: { hangUp: record('tty.hangUp', 0) },
    ipc: { futexDone: () => false, futexWake: record('futexWake', 0) },
    pmap: { translate: (_: number, va: number) => va },
    user: {
      value: 0,
      readU32(_: number, va: number): number {
        if (va + 4 > memory.byteLength) return -14;
        fake.user.value = memory.getUint32(va, true);
        return 0;
      },
      readU64(_: number, va: number): number {
        if (va + 8 > memory.byteLength) return -14;
        fake.user.value = memory.getUint32(va, true);
        return 0;
      },
      writeU32(_: number, va: number, value: number): number {
        if (va + 4 > memory.byteLength) return -14;
        memory.setUint32(va, value, true);
        return 0;
      },
    },
    process: {} as Process,
    waits: {} as WaitQueues,
  };
  const kernel = fake as unknown as Kernel;
  fake.waits = new WaitQueues(kernel);
  fake.process = posixProcess.create(state, kernel);
  const schema = processLayout.versions[0]?.schema as Schema<ProcessState>;
  return {
    kernel,
    waits: fake.waits,
    process: () => fake.process,
    state: () => state,
    calls,
    runnable,
    memory,
    copyState() {
      schema.check(state, 'process');
      const broken = processLayout.verify?.(state) ?? null;
      if (broken !== null) throw new Error(broken);
      state = decode(schema, encode(schema, state));
      fake.process = posixProcess.create(state, kernel);
    },
    get now() {
      return fake.now;
    },
    set now(value: number) {
      fake.now = value;
    },
    get sinceWake() {
      return fake.sinceWake;
    },
    set sinceWake(value: number) {
      fake.sinceWake = value;
    },
  };
}

/** A child process of `tid` in an address space of its own. */
export function fork(fake: FakeProcesses, tid: number, extra: Partial<CloneRequest> = {}): number {
  return fake.process().clone(tid, { ...FORK, space: 100 + tid, ...extra });
}

/** Another thread of `tid`'s group. */
export function addThread(fake: FakeProcesses, tid: number): number {
  return fork(fake, tid, {
    thread: true,
    shareFiles: true,
    shareFs: true,
    shareHandlers: true,
    exitSignal: 0,
    space: fake.process().group(tid).space,
  });
}

/** A signal as kill(2) sends it. */
export function sent(signal: number, value = 0): SignalInfo {
  const info = createSignalInfo();
  info.signal = signal;
  info.value = value;
  return info;
}
