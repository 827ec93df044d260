/**
 * What the kernel gives to a module: linkage to every slot and the services of the nucleus.
 *
 * Each slot is one mutable field; a replacement is one store to it. A module reads the field anew at each use and
 * keeps no operation record of another slot in a variable that outlives a kernel entry. Holds types and constants.
 */
import type { Machine } from '../machine/machine.ts';
import type { Abi } from './abi.ts';
import type { Beside } from './beside.ts';
import type { Block } from './block.ts';
import type { BufferCache } from './buffercache.ts';
import type { Clock } from './clock.ts';
import type { Engine } from './engine.ts';
import type { FileSystem } from './filesystem.ts';
import type { Frames } from './frames.ts';
import type { Host } from './host.ts';
import type { Ipc } from './ipc.ts';
import type { Kept } from './kept.ts';
import type { SlotName } from './module.ts';
import type { Net } from './net.ts';
import type { PageCache } from './pagecache.ts';
import type { Pmap } from './pmap.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import type { Tty } from './tty.ts';
import type { Vfs } from './vfs.ts';
import type { Vm } from './vm.ts';

/** Linkage: what fills each slot now. */
export interface Linkage {
  engine: Engine;
  frames: Frames;
  pmap: Pmap;
  clock: Clock;
  scheduler: Scheduler;
  process: Process;
  pagecache: PageCache;
  vm: Vm;
  ipc: Ipc;
  net: Net;
  tty: Tty;
  block: Block;
  buffercache: BufferCache;
  /** One cell for each file-system type. */
  filesystem: Record<string, FileSystem>;
  vfs: Vfs;
  abi: Abi;
}

export interface Kernel extends Linkage {
  readonly machine: Machine;
  readonly waits: Waits;
  readonly user: UserMemory;
  readonly time: TimeSource;
  /** Host time in ns, for figures about the host alone: nothing that a guest can see may depend on it. */
  readonly hostNow: () => number;
  /** null where the host has no thread to spare. */
  readonly beside: Beside | null;
  /** null where nothing is kept from run to run. */
  readonly kept: Kept | null;
  readonly host: Host;
  readonly modules: ModuleControl;
  readonly leases: Leases;
  readonly counters: Counters;
  /** What `uname` and /proc say, and the limits of this boot. */
  readonly settings: Settings;
}

/**
 * An operation that can not finish now returns this after naming what it waits for through `Waits`; its caller passes
 * it up, the wait record is stored, and the syscall or fault is run again once woken. Below every -errno.
 */
export const WAIT = -8192;

/**
 * What a signal does to a wait (signal(7), "Interruption of system calls").
 * `disk`: nothing but a kill ends it. `restart`: EINTR, or restarted under SA_RESTART. `no-handler`: EINTR if a handler
 * runs, else restarted. `eintr`: always EINTR. `block`: EINTR if a handler runs, else goes on with the time that is left.
 * `always`: restarted behind any handler.
 */
export type RestartClass = 'disk' | 'restart' | 'no-handler' | 'eintr' | 'block' | 'always';

/** Why a handler runs again. */
export const RESUMED_BY_EVENT = 1;
export const RESUMED_BY_TIMEOUT = 2;
/**
 * A signal that will be acted upon is pending. The handler runs once more to undo its queueing, write what a broken-off
 * call reports, or return a partial result; if it returns WAIT again the call is broken off by its restart class.
 */
export const RESUMED_BY_SIGNAL = 3;

/** An event that nobody waits for: once what watches it has fired, `vfs.signalReady` is called at the end of the entry. */
export const DRIVEN = 0;

/** Wait queues: an event is an integer; who owns the object behind it keeps the integer in its own state. */
export interface Waits {
  /** A fresh event. Needs no release: an event without waiters costs nothing. */
  newEvent(): number;
  /** The call in progress waits for this event (too). Forgotten unless the call ends in WAIT. */
  on(event: number): void;
  /** The call in progress ends by itself at this time. @param deadline monotonic ns */
  until(deadline: number): void;
  /** What a signal does; `disk` unless told. */
  restart(as: RestartClass): void;
  /** What the handler is to find when it runs again: its progress, as integers that only it reads. Unset: as it was. */
  keep(progress: number[]): void;
  /** 0 on a first run, else a RESUMED_BY_ code. */
  resumed(tid: number): number;
  /** The progress kept by the run before; empty on a first run. */
  progress(tid: number): readonly number[];
  /** True if the handler runs again because of a signal. */
  interrupted(tid: number): boolean;
  /** The class of the thread's wait, or null if it does not wait. */
  waiting(tid: number): RestartClass | null;
  /** Wake up to `count` waiters in the order in which they came. @returns how many */
  wake(event: number, count: number): number;
  /**
   * The events that the call in progress named so far are watched instead of waited for: each wake-up of one adds `token` to
   * what `fired` gives for `to`, and wakes all who wait for `to`, unless it is among that already. Twice is once.
   * @param to an event; chains of such must not close @param exclusive of several such watchers of an event only those are
   * told, in order, up to the first for which somebody waits (EPOLLEXCLUSIVE)
   */
  watch(to: number, token: number, exclusive?: boolean): void;
  /** Watch nothing for this pair any more. */
  unwatch(to: number, token: number): void;
  /** Take the tokens added for `to` since the last time, in order. */
  fired(to: number): readonly number[];
  /** Move up to `count` waiters without waking them. @returns how many */
  requeue(from: number, to: number, count: number): number;
  /** Threads that wait for the event, in order. */
  waiters(event: number): readonly number[];
  /** Who is to be woken first by the event, or else by one that watches it; 0 = nobody. */
  firstWaiter(event: number): number;
  /** A signal arrived for the thread, or it is to stop, go on or exit: let it look before it runs again. */
  notify(tid: number): void;
  /** The thread is gone: forget its record and its context. */
  cancel(tid: number): void;
}

/** A list of physical ranges, reused between calls: a user buffer after its pages were faulted in. */
export interface Spans {
  count: number;
  readonly address: number[];
  readonly length: number[];
  /** Sum of the lengths in bytes. */
  total: number;
}

export const createSpans = (): Spans => ({ count: 0, address: [], length: [], total: 0 });

/**
 * User memory, by the thread's address space. Every operation may fault pages in and returns 0, -EFAULT or WAIT; before
 * WAIT and -EFAULT nothing was written. What is written is hashed into the digest when the call ends.
 */
export interface UserMemory {
  /** Resolve a buffer to at most `limit` bytes of physical ranges; into a scratch list valid for this kernel entry. */
  spans(tid: number, va: number, length: number, write: boolean, into: Spans): number;
  /** Two scratch lists of the entry in progress. */
  readonly scratch: Spans;
  readonly scratch2: Spans;
  read(tid: number, va: number, into: Uint8Array): number;
  write(tid: number, va: number, from: Uint8Array): number;
  /** Read a NUL-terminated byte string of at most `limit` bytes. @returns the string, -EFAULT, -ENAMETOOLONG or WAIT */
  string(tid: number, va: number, limit: number): string | number;
  /** Unsigned 32 bits into `result`. Same returns. */
  readU32(tid: number, va: number): number;
  readU64(tid: number, va: number): number;
  /** Value of the last successful readU32 or readU64 (as a number; above 2^53 it is 2^53). */
  value: number;
  writeU32(tid: number, va: number, value: number): number;
  writeU64(tid: number, va: number, value: number): number;
  /** Two 64-bit integers, one behind the other: a struct timespec or timeval. */
  writePair(tid: number, va: number, first: number, second: number): number;
  /**
   * The record: RECORD_SIZE bytes for one structure on its way, aligned to 8. Making an array for each call costs more than most
   * calls. For handlers of system calls alone; it is theirs until their next operation on it.
   */
  readonly record: DataView;
  /** The first `size` bytes of the record become zero. @returns it */
  blankRecord(size: number): DataView;
  /** Read `size` bytes into the record. */
  readRecord(tid: number, va: number, size: number): number;
  /** Write the first `size` bytes of the record. */
  writeRecord(tid: number, va: number, size: number): number;
}

/** The largest structure of fixed size, or list of such, that calls go by: UIO_MAXIOV buffers. */
export const RECORD_SIZE = 16384;

/** The hardware counter that clocks are made from. Virtual in deterministic mode. */
export interface TimeSource {
  /** Nanoseconds since boot. */
  now(): number;
  /** Time of boot: seconds and nanoseconds since 1970. */
  readonly bootSeconds: number;
  readonly bootNanoseconds: number;
}

/** Counted by the nucleus; read by /proc and --stats. */
export interface Counters {
  kernelEntries: number;
  /** Instructions retired by all threads. */
  instructions: number;
  contextSwitches: number;
  pageFaults: number;
  idleNs: number;
  forks: number;
  /** The thread that runs, 0 = none, and since when: that much of its CPU time is not in its account yet. */
  running: number;
  runningSince: number;
}

export interface Settings {
  readonly release: string;
  readonly version: string;
  readonly machine: string;
  hostname: string;
  readonly memoryBytes: number;
  /** Most bytes of code that an engine which translates may keep. */
  readonly codeCacheBytes: number;
  readonly deterministic: boolean;
  /** True if a console terminal is attached to standard input and output. */
  readonly terminal: boolean;
}

/**
 * Optional interfaces in use. A module that lacks one can not come in while it is leased. Who takes a lease gives it back
 * when the use ends; what is leased must follow from state, so that a call that is run again finds nothing taken twice.
 */
export interface Leases {
  /**
   * @param cell slot, or `filesystem:TYPE` @param holder whatever uses it, by an id above 0 that is the taker's own: a tid
   * for interfaces of `scheduler` @returns false if the module in place lacks the interface. Idempotent.
   */
  take(cell: string, name: string, holder: number): boolean;
  /** Idempotent. */
  give(cell: string, name: string, holder: number): void;
}

/** A line of /proc/modules. */
export interface ModuleEntry {
  readonly slot: string;
  readonly name: string;
  /** By which guests know it, who name no slot: its own, or `SLOT-NAME` where a slot before its own has a module of that name. */
  readonly guestName: string;
  readonly version: string;
  readonly description: string;
  readonly interfaces: readonly string[];
  readonly active: boolean;
  readonly default: boolean;
  /** Bytes of the module file, 0 for one that is built in. */
  readonly size: number;
  /** How many modules name this one's slot among their needs, and how many leases on its interfaces are held. */
  readonly users: number;
  /** Loaded by init_module or a module path, so that rmmod may remove it. */
  readonly loaded: boolean;
}

/** What a program or a call needs of the module in a slot. */
export interface Need {
  readonly slot: SlotName;
  /** An optional interface of the contract, or null. */
  readonly interface: string | null;
  /** The least version of the module by semantic versioning, or null. */
  readonly version: string | null;
}

/** Replacement as the guest can ask for it. */
export interface ModuleControl {
  list(): readonly ModuleEntry[];
  /**
   * Begin to load a module file and put it in its slot at the next kernel-entry boundary after it is checked.
   * @returns a ticket; `outcome` tells the rest, and `event` of the ticket is woken then
   */
  load(image: Uint8Array, parameters: string): number;
  event(ticket: number): number;
  /** null while under way; else 0 or -errno (ENOEXEC, EEXIST, EINVAL). The ticket ends with the first answer. */
  outcome(ticket: number): number | null;
  /** True if the module in place meets a need. */
  meets(need: Need): boolean;
  /**
   * See that the module in a slot meets a need: another one comes in if it does not, at the next kernel-entry boundary.
   * @param authorised who asks may replace modules; others have what the policy of this boot allows
   * @returns 0 (it does), a ticket as of `load`, -EPERM, or -ENOENT (no module that is known does)
   */
  demand(need: Need, authorised: boolean): number;
  /** Put the previous module back in the slot that `name` fills. @returns a ticket or -ENOENT, -EBUSY */
  unload(name: string): number;
}
