/**
 * Contract `process`: thread groups and their threads, sessions, credentials, limits, descriptor tables and signals.
 *
 * Owns who exists, who is whose parent, and which signals are pending; not what runs next (scheduler), not the address
 * space (vm), not open file descriptions (vfs): those it names by id and retains or releases. Views handed
 * out are the state itself: fields may be read until the entry ends, and are written by this contract's operations
 * alone, except those marked `open`, which the syscall that defines them sets. Source: credentials(7), signal(7).
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import { PIDFD_OPERATIONS, type Pidfd, type PidfdOperations, pidfdSchema } from './pidfds.ts';
import { createPolicy, type Policy, policySchema } from './scheduler.ts';
import { array, bool, float64s, int, map, nullable, record, type Schema, text, uint32s } from './schema.ts';
import { createTally, type Tally, tallySchema } from './tally.ts';

/** What siginfo_t carries (sigaction(2)). `value` and `address` are numbers; unused fields are 0. */
export interface SignalInfo {
  signal: number;
  code: number;
  pid: number;
  uid: number;
  status: number;
  /** Where a fault was; si_band of signal-driven I/O. */
  address: number;
  /** Also si_fd of signal-driven I/O. */
  value: number;
}

/** sigaction(2). `handler` 0 = SIG_DFL, 1 = SIG_IGN. */
export interface SignalAction {
  handler: number;
  flags: number;
  maskLow: number;
  maskHigh: number;
}

export interface Thread {
  tid: number;
  tgid: number;
  /** Index of its register context. */
  context: number;
  /** comm; open (prctl). */
  name: string;
  /** Open (setpriority), told to the scheduler too. */
  nice: number;
  /** Open (sched_setattr), told to the scheduler too; the thread holds a lease on the interface that it needs. */
  policy: Policy;
  /** SCHED_FLAG_ bits of sched_setattr(2); open. */
  policyFlags: number;
  /** The policy that it has from a thread which waits for what it owns, while that one would go before it. Written by `inherit`. */
  inherited: Policy | null;
  /**
   * The descriptors that the call which waits was given, and the open file of each then: fd, file, fd, file ...; -1 for
   * one that is only kept open. Written by `holdFile`.
   */
  held: number[];
  /** Blocked signals 1-32 and 33-64, bit 0 = signal 1 or 33. Written by `setMask`. */
  maskLow: number;
  maskHigh: number;
  /** The mask to put back when the handler that ends a sigsuspend or ppoll was set up; valid if `restoreMask`; open. */
  savedMaskLow: number;
  savedMaskHigh: number;
  restoreMask: boolean;
  pending: SignalInfo[];
  /** sigaltstack(2); open. */
  altStack: number;
  altStackSize: number;
  altStackFlags: number;
  /** set_tid_address(2); open. */
  clearTid: number;
  /** set_robust_list(2); open. */
  robustList: number;
  userNs: number;
  systemNs: number;
  tally: Tally;
  /** ioprio_set(2); open. */
  ioPriority: number;
  /** PR_SET_TIMERSLACK in ns, and what it was when the thread began; open (prctl). */
  timerSlack: number;
  defaultTimerSlack: number;
  dead: boolean;
}

export interface ThreadGroup {
  tgid: number;
  parent: number;
  pgid: number;
  sid: number;
  /** Controlling terminal, or -1. Written by `setTerminal`. */
  tty: number;
  /** Live and dead threads not yet collected; the leader is first. */
  threads: number[];
  children: number[];
  space: number;
  /** Ids into `fileTables`, `places`, `handlers`; shared under CLONE_FILES, CLONE_FS, CLONE_SIGHAND. */
  files: number;
  place: number;
  handlers: number;
  credentials: Credentials;
  /** Soft and hard of each resource, 2 * 16 values; Infinity = RLIM_INFINITY. Open (prlimit64). */
  limits: Float64Array;
  pending: SignalInfo[];
  /** Signal sent to the parent at exit; 0 = none. */
  exitSignal: number;
  /** wait(2) status once `zombie`. */
  status: number;
  zombie: boolean;
  /** All threads are to exit with `status`. */
  exiting: boolean;
  /** Signal that stopped the group, or 0; and whether the parent was told of the last stop or continue. */
  stopped: number;
  stopReported: boolean;
  continued: boolean;
  /** Woken when a child exits, stops or continues. */
  childEvent: number;
  /** Woken when this group has let go of its parent's address space (vfork): exec or exit. */
  vforkEvent: number;
  vforkDone: boolean;
  /** Woken when the last of the other threads has exited (execve, exit_group). */
  threadEvent: number;
  /** Woken when a signal is queued for the group or one of its threads, blocked or not (sigtimedwait, signalfd). */
  signalEvent: number;
  /** Dentry of the program and the path that /proc/PID/exe says; open (execve). */
  executable: number;
  /** Where argv and envp lie in the address space: start and end of each; open (execve). */
  argumentStart: number;
  argumentEnd: number;
  environmentStart: number;
  environmentEnd: number;
  /** Auxiliary vector as words of 32 bits, little endian; open (execve). */
  auxiliary: Uint32Array;
  startNs: number;
  /** setitimer(ITIMER_REAL) interval in ns, 0 = one shot; open. */
  timerInterval: number;
  /** Monotonic ns at which ITIMER_REAL expires next, so that it does not drift; open. */
  timerDeadline: number;
  /** ITIMER_VIRTUAL and ITIMER_PROF: ns of CPU time left, 0 = not armed, and interval; open. */
  virtualLeft: number;
  virtualInterval: number;
  profileLeft: number;
  profileInterval: number;
  /** Of collected children and of exited threads. */
  childUserNs: number;
  childSystemNs: number;
  exitedUserNs: number;
  exitedSystemNs: number;
  childTally: Tally;
  exitedTally: Tally;
  /** Most pages that it had in memory at a time, as far as was noticed (open: calls that give some back), and the most of a collected child. */
  peakResident: number;
  childPeakResident: number;
  /** prctl(2) flags; open. */
  noNewPrivileges: boolean;
  keepCapabilities: boolean;
  dumpable: boolean;
  hugePagesDisabled: boolean;
  subreaper: boolean;
  parentDeathSignal: number;
  /** It has called execve since fork (setpgid gives EACCES then). */
  executed: boolean;
}

export interface Credentials {
  uid: number;
  euid: number;
  suid: number;
  fsuid: number;
  gid: number;
  egid: number;
  sgid: number;
  fsgid: number;
  groups: number[];
  /** Capability sets as bits 0-31 and 32-63: effective, permitted, inheritable. */
  effectiveLow: number;
  effectiveHigh: number;
  permittedLow: number;
  permittedHigh: number;
  inheritableLow: number;
  inheritableHigh: number;
}

/** What a descriptor names: an open file description of vfs. */
export interface Descriptor {
  file: number;
  closeOnExec: boolean;
}

export interface FileTable {
  users: number;
  /** By descriptor number. */
  entries: Map<number, Descriptor>;
  /** All below it are in use, so that the lowest free one is found soon in a large table. */
  free: number;
}

/** Where a process is: dentries of its root and working directory, and its umask. */
export interface Place {
  users: number;
  root: number;
  cwd: number;
  umask: number;
}

export interface HandlerTable {
  users: number;
  /** By signal number; absent = default. */
  actions: Map<number, SignalAction>;
}

/** A timer of timer_create(2). */
/** `PosixTimer.signal` of a timer that a thread sleeps by. */
export const WAKES = -1;

export interface PosixTimer {
  id: number;
  tgid: number;
  /** CLOCK_ id; below 0 a clock of CPU time that names its process or thread (cpuClockOf in abi/linux/time.ts). */
  clock: number;
  /**
   * Thread that gets the signal (SIGEV_THREAD_ID), 0 = the group; signal 0 = none (SIGEV_NONE). WAKES: the event `value` is woken and
   * the timer is gone; a thread has one such, for its sleep.
   */
  tid: number;
  signal: number;
  value: number;
  interval: number;
  /** Monotonic ns, or ns of CPU time by its clock; -1 = not armed. */
  deadline: number;
  /** Expirations beyond the first since the signal that is pending, or was last taken, was sent. */
  overrun: number;
}

export interface ProcessState {
  threads: Map<number, Thread>;
  groups: Map<number, ThreadGroup>;
  fileTables: Map<number, FileTable>;
  places: Map<number, Place>;
  handlers: Map<number, HandlerTable>;
  nextPid: number;
  nextTable: number;
  timers: Map<number, PosixTimer>;
  nextTimer: number;
  pidfds: Map<number, Pidfd>;
  nextPidfd: number;
  /** Register contexts in use, by index. */
  contexts: boolean[];
}

/** Timer slack of the first process, in ns. */
const TIMER_SLACK_NS = 50_000;

export const createSignalInfo = (): SignalInfo => ({
  signal: 0,
  code: 0,
  pid: 0,
  uid: 0,
  status: 0,
  address: 0,
  value: 0,
});
export const createSignalAction = (): SignalAction => ({ handler: 0, flags: 0, maskLow: 0, maskHigh: 0 });
export const createPosixTimer = (): PosixTimer => ({
  id: 0,
  tgid: 0,
  clock: 0,
  tid: 0,
  signal: 0,
  value: 0,
  interval: 0,
  deadline: -1,
  overrun: 0,
});
export const createThread = (): Thread => ({
  tid: 0,
  tgid: 0,
  context: 0,
  name: '',
  nice: 0,
  policy: createPolicy(),
  policyFlags: 0,
  inherited: null,
  held: [],
  maskLow: 0,
  maskHigh: 0,
  savedMaskLow: 0,
  savedMaskHigh: 0,
  restoreMask: false,
  pending: [],
  altStack: 0,
  altStackSize: 0,
  altStackFlags: 2,
  clearTid: 0,
  robustList: 0,
  userNs: 0,
  systemNs: 0,
  tally: createTally(),
  ioPriority: 0,
  timerSlack: TIMER_SLACK_NS,
  defaultTimerSlack: TIMER_SLACK_NS,
  dead: false,
});
export const createCredentials = (): Credentials => ({
  uid: 0,
  euid: 0,
  suid: 0,
  fsuid: 0,
  gid: 0,
  egid: 0,
  sgid: 0,
  fsgid: 0,
  groups: [],
  effectiveLow: 0,
  effectiveHigh: 0,
  permittedLow: 0,
  permittedHigh: 0,
  inheritableLow: 0,
  inheritableHigh: 0,
});
export const createThreadGroup = (): ThreadGroup => ({
  tgid: 0,
  parent: 0,
  pgid: 0,
  sid: 0,
  tty: -1,
  threads: [],
  children: [],
  space: 0,
  files: 0,
  place: 0,
  handlers: 0,
  credentials: createCredentials(),
  limits: new Float64Array(32),
  pending: [],
  exitSignal: 0,
  status: 0,
  zombie: false,
  exiting: false,
  stopped: 0,
  stopReported: false,
  continued: false,
  childEvent: 0,
  vforkEvent: 0,
  vforkDone: true,
  threadEvent: 0,
  signalEvent: 0,
  executable: 0,
  argumentStart: 0,
  argumentEnd: 0,
  environmentStart: 0,
  environmentEnd: 0,
  auxiliary: new Uint32Array(0),
  startNs: 0,
  timerInterval: 0,
  timerDeadline: 0,
  virtualLeft: 0,
  virtualInterval: 0,
  profileLeft: 0,
  profileInterval: 0,
  childUserNs: 0,
  childSystemNs: 0,
  exitedUserNs: 0,
  exitedSystemNs: 0,
  childTally: createTally(),
  exitedTally: createTally(),
  peakResident: 0,
  childPeakResident: 0,
  noNewPrivileges: false,
  keepCapabilities: false,
  dumpable: true,
  hugePagesDisabled: false,
  subreaper: false,
  parentDeathSignal: 0,
  executed: false,
});
export const createFileTable = (): FileTable => ({ users: 1, entries: new Map(), free: 0 });
export const createPlace = (): Place => ({ users: 1, root: 0, cwd: 0, umask: 0o22 });
export const createHandlerTable = (): HandlerTable => ({ users: 1, actions: new Map() });

const descriptor: Schema<Descriptor> = record<Descriptor>({ file: int(), closeOnExec: bool() }, () => ({
  file: 0,
  closeOnExec: false,
}));
const signalInfo: Schema<SignalInfo> = record<SignalInfo>(
  { signal: int(), code: int(), pid: int(), uid: int(), status: int(), address: int(), value: int() },
  createSignalInfo,
);
const credentials: Schema<Credentials> = record<Credentials>(
  {
    uid: int(),
    euid: int(),
    suid: int(),
    fsuid: int(),
    gid: int(),
    egid: int(),
    sgid: int(),
    fsgid: int(),
    groups: array(int()),
    effectiveLow: int(),
    effectiveHigh: int(),
    permittedLow: int(),
    permittedHigh: int(),
    inheritableLow: int(),
    inheritableHigh: int(),
  },
  createCredentials,
);
const thread: Schema<Thread> = record<Thread>(
  {
    tid: int(),
    tgid: int(),
    context: int(),
    name: text(),
    nice: int(),
    policy: policySchema,
    policyFlags: int(),
    inherited: nullable(policySchema),
    held: array(int()),
    maskLow: int(),
    maskHigh: int(),
    savedMaskLow: int(),
    savedMaskHigh: int(),
    restoreMask: bool(),
    pending: array(signalInfo),
    altStack: int(),
    altStackSize: int(),
    altStackFlags: int(),
    clearTid: int(),
    robustList: int(),
    userNs: int(),
    systemNs: int(),
    tally: tallySchema,
    ioPriority: int(),
    timerSlack: int(),
    defaultTimerSlack: int(),
    dead: bool(),
  },
  createThread,
);
const threadGroup: Schema<ThreadGroup> = record<ThreadGroup>(
  {
    tgid: int(),
    parent: int(),
    pgid: int(),
    sid: int(),
    tty: int(),
    threads: array(int()),
    children: array(int()),
    space: int(),
    files: int(),
    place: int(),
    handlers: int(),
    credentials,
    limits: float64s(),
    pending: array(signalInfo),
    exitSignal: int(),
    status: int(),
    zombie: bool(),
    exiting: bool(),
    stopped: int(),
    stopReported: bool(),
    continued: bool(),
    childEvent: int(),
    vforkEvent: int(),
    vforkDone: bool(),
    threadEvent: int(),
    signalEvent: int(),
    executable: int(),
    argumentStart: int(),
    argumentEnd: int(),
    environmentStart: int(),
    environmentEnd: int(),
    auxiliary: uint32s(),
    startNs: int(),
    timerInterval: int(),
    timerDeadline: int(),
    virtualLeft: int(),
    virtualInterval: int(),
    profileLeft: int(),
    profileInterval: int(),
    childUserNs: int(),
    childSystemNs: int(),
    exitedUserNs: int(),
    exitedSystemNs: int(),
    childTally: tallySchema,
    exitedTally: tallySchema,
    peakResident: int(),
    childPeakResident: int(),
    noNewPrivileges: bool(),
    keepCapabilities: bool(),
    dumpable: bool(),
    hugePagesDisabled: bool(),
    subreaper: bool(),
    parentDeathSignal: int(),
    executed: bool(),
  },
  createThreadGroup,
);

const posixTimer: Schema<PosixTimer> = record<PosixTimer>(
  {
    id: int(),
    tgid: int(),
    clock: int(),
    tid: int(),
    signal: int(),
    value: int(),
    interval: int(),
    deadline: int(),
    overrun: int(),
  },
  createPosixTimer,
);

const blank = (): ProcessState => ({
  threads: new Map(),
  groups: new Map(),
  fileTables: new Map(),
  places: new Map(),
  handlers: new Map(),
  nextPid: 1,
  nextTable: 1,
  timers: new Map(),
  nextTimer: 1,
  pidfds: new Map(),
  nextPidfd: 1,
  contexts: [],
});

export const processLayout: StateLayout<ProcessState> = layout(
  'process',
  record<ProcessState>(
    {
      threads: map(int(), thread),
      groups: map(int(), threadGroup),
      fileTables: map(
        int(),
        record<FileTable>(
          {
            users: int(),
            entries: map(int(), descriptor),
            free: int(),
          },
          createFileTable,
        ),
      ),
      places: map(int(), record<Place>({ users: int(), root: int(), cwd: int(), umask: int() }, createPlace)),
      handlers: map(
        int(),
        record<HandlerTable>(
          {
            users: int(),
            actions: map(
              int(),
              record<SignalAction>(
                { handler: int(), flags: int(), maskLow: int(), maskHigh: int() },
                createSignalAction,
              ),
            ),
          },
          createHandlerTable,
        ),
      ),
      nextPid: int(),
      nextTable: int(),
      timers: map(int(), posixTimer),
      nextTimer: int(),
      pidfds: map(int(), pidfdSchema),
      nextPidfd: int(),
      contexts: array(bool()),
    },
    blank,
  ),
  blank,
  (state) => {
    for (const { tid, tgid } of state.threads.values()) {
      if (!state.groups.has(tgid)) return `thread ${tid} belongs to group ${tgid}, which does not exist`;
    }
    for (const [id, { entries, free }] of state.fileTables) {
      if (free > entries.size) return `descriptor table ${id} has a free descriptor below ${free}`;
    }
    for (const group of state.groups.values()) {
      if (group.zombie) continue;
      if (!state.fileTables.has(group.files)) return `process ${group.tgid} has no descriptor table`;
    }
    return null;
  },
);

/** What clone(2) shares and sets. */
export interface CloneRequest {
  readonly thread: boolean;
  readonly shareFiles: boolean;
  readonly shareFs: boolean;
  readonly shareHandlers: boolean;
  readonly parentOfCaller: boolean;
  readonly vfork: boolean;
  readonly clearHandlers: boolean;
  readonly exitSignal: number;
  /** Address space of the new task: retained or forked by the caller already. */
  readonly space: number;
}

/** Which children a wait4(2) or waitid(2) means, and for what. */
export interface WaitRequest {
  /** > 0: that child; 0: any; < 0: any of process group -which. */
  readonly which: number;
  readonly exited: boolean;
  readonly stopped: boolean;
  readonly continued: boolean;
  /** Children whose end tells the parent by SIGCHLD, those that do not (__WCLONE), or both (__WALL); absent = both. */
  readonly kind?: 'plain' | 'clone';
  /** Leave it waitable (WNOWAIT). */
  readonly keep: boolean;
}

/** A child that changed state. CLD_ codes of waitid(2) in `code`; `status` as in wait(2). */
export interface WaitResult {
  readonly pid: number;
  readonly uid: number;
  readonly status: number;
  readonly code: number;
  readonly userNs: number;
  readonly systemNs: number;
  readonly tally: Readonly<Tally>;
  readonly peakResident: number;
}

/** Of the optional interface `priority-inheritance`. */
export interface InheritanceOperations {
  /** The thread runs with this policy, where it goes before its own, until it is told otherwise; null = no longer. */
  inherit(tid: number, policy: Policy | null): void;
}

/** Of the optional interface `held-files`: a call that waits goes on with the files that it began with. */
export interface HeldFileOperations {
  /**
   * The call in progress is about to wait: what `fd` means now stays open until `letGo`. Twice is once.
   * @param bound for this call `fd` goes on to mean that; else it is looked up anew, as poll(2) does
   */
  holdFile(tid: number, fd: number, bound: boolean): void;
  /** The call is over. Idempotent. */
  letGo(tid: number): void;
}

export interface Process
  extends Partial<InheritanceOperations>,
    Partial<HeldFileOperations>,
    Partial<PidfdOperations> {
  /** The first process, pid 1, a session leader without a terminal, with a context and no files. @returns its pid */
  boot(space: number, root: number, uid: number, gid: number): number;
  /**
   * A child process or thread of `tid`: records, shared or copied tables, a free register context (registers are the
   * caller's to copy). @returns the new tid, -EAGAIN (limits, no context, a `deadline` thread that does not reset its
   * policy), -ENOMEM (descriptors)
   */
  clone(tid: number, request: CloneRequest): number;
  /** A process that belongs to the host: child of pid 1, in a session of its own. @returns its pid or -EAGAIN */
  spawn(space: number, root: number, cwd: number, uid: number, gid: number): number;
  /** The thread or its group; a tid that does not exist is a KernelFault. Hot path. */
  thread(tid: number): Thread;
  group(tid: number): ThreadGroup;
  /** The same for a number from the guest: null if it does not exist. */
  findThread(tid: number): Thread | null;
  findGroup(tgid: number): ThreadGroup | null;
  /** All groups, zombies included, by ascending pid. */
  groups(): readonly ThreadGroup[];
  place(tid: number): Place;

  /** The thread exits; the last one ends its group. @param status as in wait(2). The scheduler and the waits are told. */
  exitThread(tid: number, status: number): void;
  /** All threads of the group exit. */
  exitGroup(tgid: number, status: number): void;
  /**
   * All other threads of the group exit (execve). If the caller is not the leader, the leader's id goes on in its place,
   * with a context, and the caller's id is gone: what follows is done to the leader's.
   * @returns true once they have; else wait for `threadEvent`.
   */
  exitOthers(tid: number): boolean;
  /** The group's new image: descriptors closed, handlers reset, signals and alternate stack dropped, names set, vfork ended. */
  executed(tid: number, space: number, name: string): void;
  /** @returns the child, -ECHILD, or null: none yet, wait for `childEvent` */
  wait(tid: number, request: WaitRequest): WaitResult | number | null;

  /** The open file description of a descriptor, for a call that runs again the one that it holds, or -EBADF. Hot path. */
  file(tid: number, fd: number): number;
  closesOnExec(tid: number, fd: number): boolean;
  setCloseOnExec(tid: number, fd: number, on: boolean): void;
  /** Put a description (whose reference the table takes) at the lowest free fd >= from. @returns fd or -EMFILE */
  install(tid: number, file: number, from: number, closeOnExec: boolean): number;
  /** Put it at exactly fd; what was there is released. @returns fd or -EBADF (limits) */
  installAt(tid: number, file: number, fd: number, closeOnExec: boolean): number;
  /** @returns 0 or -EBADF */
  close(tid: number, fd: number): number;
  /** Descriptors in ascending order. */
  descriptors(tid: number): number[];
  /** Give the thread's group a table of its own (unshare, close_range). */
  unshareFiles(tid: number): void;

  /** setpgid(2), setsid(2). @returns 0 or sid, or -errno */
  setProcessGroup(tid: number, pid: number, pgid: number): number;
  startSession(tid: number): number;
  /** The group, or with tty -1 the whole session, gains or loses a controlling terminal. */
  setTerminal(tgid: number, tty: number): void;
  /** True if the process group is orphaned (POSIX): no stop signals from the terminal. */
  orphaned(pgid: number): boolean;

  /** kill(2) and friends without the permission check. Ignored signals vanish. Wakes, stops and continues as needed. */
  signalGroup(tgid: number, info: SignalInfo): void;
  signalThread(tid: number, info: SignalInfo): void;
  /** Every process of a process group. @returns how many there are */
  signalProcessGroup(pgid: number, info: SignalInfo): number;
  /** May `tid` send this signal to that group (kill(2), permissions)? */
  maySignal(tid: number, tgid: number, signal: number): boolean;
  /** A synchronous fault: unblocks and resets to default if blocked or ignored (force_sig). */
  forceSignal(tid: number, info: SignalInfo): void;
  /** True if the group exits, or is not stopped and a signal that is not blocked is pending. Hot path. */
  signalPending(tid: number): boolean;
  /** Pending, blocked or not: bits as in masks. */
  pendingLow(tid: number): number;
  pendingHigh(tid: number): number;
  /** Take the next signal of a set (bits set = wanted), lowest number first, thread's before group's; null if none. */
  takeSignal(tid: number, low: number, high: number): SignalInfo | null;
  action(tid: number, signal: number): Readonly<SignalAction>;
  /** Setting to ignore drops pending ones. */
  setAction(tid: number, signal: number, action: SignalAction): void;
  setMask(tid: number, low: number, high: number): void;
  /** Stop the group by a signal that is not handled; tells the parent. */
  stopGroup(tgid: number, signal: number): void;

  credentials(tid: number): Credentials;
  setCredentials(tid: number, credentials: Credentials): void;
  /** capabilities(7). @param capability number of CAP_ */
  capable(tid: number, capability: number): boolean;
  addTime(tid: number, userNs: number, systemNs: number): void;
  /** An interval timer expired: send its signal and arm it again. @param target tgid: SIGALRM; minus the id of a PosixTimer */
  timerExpired(target: number): void;
  /**
   * timer_create(2), not armed. @param target thread that gets the signal, 0 = the group @param signal may be WAKES, which takes
   * the place of another one of that thread @param value null = the timer's id @returns its id or -EAGAIN
   */
  createTimer(tid: number, clock: number, target: number, signal: number, value: number | null): number;
  /** A timer of the caller's group, or null; none that somebody sleeps by. */
  timer(tid: number, id: number): Readonly<PosixTimer> | null;
  /** @param deadline as in PosixTimer; one by CPU time that is past expires at once */
  setTimer(id: number, deadline: number, interval: number): void;
  deleteTimer(id: number): void;
}

export const process: Contract<Process> = {
  name: 'process',
  version: 1,
  operations: [
    'boot',
    'clone',
    'spawn',
    'thread',
    'group',
    'findThread',
    'findGroup',
    'groups',
    'place',
    'exitThread',
    'exitGroup',
    'exitOthers',
    'executed',
    'wait',
    'file',
    'closesOnExec',
    'setCloseOnExec',
    'install',
    'installAt',
    'close',
    'descriptors',
    'unshareFiles',
    'setProcessGroup',
    'startSession',
    'setTerminal',
    'orphaned',
    'signalGroup',
    'signalThread',
    'signalProcessGroup',
    'maySignal',
    'forceSignal',
    'signalPending',
    'pendingLow',
    'pendingHigh',
    'takeSignal',
    'action',
    'setAction',
    'setMask',
    'stopGroup',
    'credentials',
    'setCredentials',
    'capable',
    'addTime',
    'timerExpired',
    'createTimer',
    'timer',
    'setTimer',
    'deleteTimer',
  ],
  interfaces: {
    'priority-inheritance': ['inherit'],
    'held-files': ['holdFile', 'letGo'],
    /** Files that stand for processes. */
    pidfds: PIDFD_OPERATIONS,
  },
};
