/**
 * ABI `linux`: the system calls of riscv64 Linux, its signal frames and its program loader.
 *
 * Composes the families of `sys_*.ts` into one table and decodes registers into arguments by it. Programs see the calls
 * that the table lists; any other answers ENOSYS and is counted.
 */
import { type Abi, type AbiState, abiLayout, NO_RESULT, type SyscallRow } from '../../../contracts/abi.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Manifest, Module } from '../../../contracts/module.ts';
import { ENOSYS, ERRNO_NAMES } from '../../../abi/linux/errno.ts';
import { CTX_X } from '../../../machine/layout.ts';
import { contextAddress } from '../../../machine/machine.ts';
import { type ArgumentKind, decodeArgument, type Row } from './call.ts';
import { exec } from './exec.ts';
import { featureFault } from './feature-fault.ts';
import { signals } from './signals.ts';
import { attributeCalls } from './sys_attributes.ts';
import { cloneCalls } from './sys_clone.ts';
import { copyCalls } from './sys_copy.ts';
import { spliceCalls } from './sys_splice.ts';
import { epollCalls } from './sys_epoll.ts';
import { execCalls } from './sys_exec.ts';
import { fcntlCalls } from './sys_fcntl.ts';
import { fileCalls } from './sys_files.ts';
import { idCalls } from './sys_ids.ts';
import { ipcCalls } from './sys_ipc.ts';
import { killCalls } from './sys_kill.ts';
import { limitCalls } from './sys_limits.ts';
import { lockCalls } from './sys_mlock.ts';
import { memfdCalls } from './sys_memfd.ts';
import { memoryCalls } from './sys_memory.ts';
import { messageCalls } from './sys_message.ts';
import { moduleCalls } from './sys_module.ts';
import { mountCalls } from './sys_mount.ts';
import { namedQueueCalls } from './sys_mqueue.ts';
import { messageQueueCalls } from './sys_msgqueue.ts';
import { notifierCalls } from './sys_notifier.ts';
import { openCalls } from './sys_open.ts';
import { pathCalls } from './sys_paths.ts';
import { pidfdCalls } from './sys_pidfd.ts';
import { pollCalls } from './sys_poll.ts';
import { processVmCalls } from './sys_process_vm.ts';
import { processCalls } from './sys_process.ts';
import { schedCalls } from './sys_sched.ts';
import { semaphoreCalls } from './sys_semaphore.ts';
import { sharedMemoryCalls } from './sys_shm.ts';
import { signalCalls } from './sys_signal.ts';
import { socketCalls } from './sys_socket.ts';
import { swapCalls } from './sys_swap.ts';
import { timeCalls } from './sys_time.ts';
import { waitCalls } from './sys_wait.ts';
import { xattrCalls } from './sys_xattr.ts';
import { trap } from './trap.ts';

const A0 = 10;
const A7 = 17;

/** Families that an ABI may do without, by the interface that stands for them. */
const OPTIONAL: Readonly<Record<string, readonly Row[]>> = {
  sockets: [...socketCalls, ...messageCalls],
  notifiers: [...epollCalls, ...notifierCalls],
  'sysv-ipc': [...messageQueueCalls, ...sharedMemoryCalls, ...semaphoreCalls],
  'posix-queues': namedQueueCalls,
};

const CORE: readonly Row[] = [
  ...attributeCalls,
  ...xattrCalls,
  ...cloneCalls,
  ...copyCalls,
  ...spliceCalls,
  ...execCalls,
  ...fcntlCalls,
  ...fileCalls,
  ...idCalls,
  ...ipcCalls,
  ...killCalls,
  ...limitCalls,
  ...lockCalls,
  ...memfdCalls,
  ...memoryCalls,
  ...moduleCalls,
  ...mountCalls,
  ...openCalls,
  ...pathCalls,
  ...pidfdCalls,
  ...pollCalls,
  ...processCalls,
  ...processVmCalls,
  ...schedCalls,
  ...signalCalls,
  ...swapCalls,
  ...timeCalls,
  ...waitCalls,
];

const byNumber = (a: Row, b: Row): number => a.number - b.number;
const ALL: readonly Row[] = [...CORE, ...Object.values(OPTIONAL).flat()].sort(byNumber);

/** Rows by number; a call out of its range is absent. */
function tableOf(rows: readonly Row[]): readonly (Row | undefined)[] {
  const table: (Row | undefined)[] = Array.from({ length: (ALL.at(-1)?.number ?? 0) + 1 });
  for (const row of rows) table[row.number] = row;
  return table;
}

/** The interface that an absent call belongs to, by its number. */
const FAMILIES: ReadonlyMap<number, string> = new Map(
  Object.entries(OPTIONAL).flatMap(([name, rows]) => rows.map((row) => [row.number, name] as const)),
);

const count = (counts: Map<number, number>, call: number): void => {
  counts.set(call, (counts.get(call) ?? 0) + 1);
};

/** Where less than one frame in so many is free, so many are asked back from the page cache. */
const LOW = 10;
const RECLAIMED = 16;

/** A call begins, and nothing is held but by reference: the time to make room for what it may need. */
function keepFree(kernel: Kernel): void {
  const total = kernel.frames.total();
  if (kernel.frames.free() < total / LOW) kernel.pagecache.reclaim(Math.ceil(total / RECLAIMED));
}

/** A register of a context, as an argument of this kind. @param index 0 to 5 for a0 to a5 */
function argument(kernel: Kernel, context: number, kinds: readonly ArgumentKind[], index: number): number {
  const kind = kinds[index] as ArgumentKind;
  const at = (context + CTX_X + 8 * (A0 + index)) >>> 2;
  const { i32 } = kernel.machine;
  return decodeArgument(kind, i32[at] as number, i32[at + 1] as number);
}

/** The call waits: its files are what they are now until it ends, or is broken off (signals.ts). */
function holdFiles(kernel: Kernel, tid: number, context: number, kinds: readonly ArgumentKind[]): void {
  if (kernel.waits.interrupted(tid)) return;
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i] === 'fd') kernel.process.holdFile?.(tid, argument(kernel, context, kinds, i), true);
  }
}

const contextOf = (kernel: Kernel, tid: number): number =>
  contextAddress(kernel.machine.layout, kernel.process.thread(tid).context);

const callOf = (kernel: Kernel, context: number): number =>
  kernel.machine.i32[(context + CTX_X + 8 * A7) >>> 2] as number;

/** strace's form of a result. */
function showResult(result: number): string {
  if (result === NO_RESULT || result === WAIT) return '?';
  if (result >= 0) return result < 4096 ? String(result) : `0x${result.toString(16)}`;
  return `-1 ${ERRNO_NAMES[-result] ?? String(-result)}`;
}

function showArgument(kind: ArgumentKind, value: number): string {
  if (kind === 'ptr') return value === 0 ? 'NULL' : `0x${value.toString(16)}`;
  return kind === 'uint' && value > 9 ? `0x${value.toString(16)}` : String(value);
}

const NAMES: readonly (Row | undefined)[] = tableOf(ALL);
const CORE_ROWS: readonly Row[] = CORE.toSorted(byNumber);
const CORE_TABLE: readonly (Row | undefined)[] = tableOf(CORE);

/** A call that this ABI lacks: another may have it. @returns -ENOSYS or WAIT */
function absent(state: AbiState, kernel: Kernel, tid: number, call: number): number {
  const family = FAMILIES.get(call);
  if (family !== undefined && featureFault(kernel, tid, 'abi', family, -ENOSYS) === WAIT) return WAIT;
  count(state.absent, call);
  return -ENOSYS;
}

function createAbi(
  state: AbiState,
  kernel: Kernel,
  rows: readonly Row[],
  table: readonly (Row | undefined)[],
): Abi {
  return {
    syscall(tid) {
      const context = contextOf(kernel, tid);
      const call = callOf(kernel, context);
      if (kernel.waits.resumed(tid) === 0) {
        count(state.calls, call);
        keepFree(kernel);
      }
      const row = table[call];
      if (row === undefined) return absent(state, kernel, tid, call);
      const { kinds } = row;
      // Looking for each of six arguments costs more than asking once how many there are.
      const { length } = kinds;
      const result = row.run(
        kernel,
        tid,
        length > 0 ? argument(kernel, context, kinds, 0) : 0,
        length > 1 ? argument(kernel, context, kinds, 1) : 0,
        length > 2 ? argument(kernel, context, kinds, 2) : 0,
        length > 3 ? argument(kernel, context, kinds, 3) : 0,
        length > 4 ? argument(kernel, context, kinds, 4) : 0,
        length > 5 ? argument(kernel, context, kinds, 5) : 0,
      );
      if (result === WAIT) holdFiles(kernel, tid, context, kinds);
      else if (kernel.waits.resumed(tid) !== 0) kernel.process.letGo?.(tid);
      return result;
    },
    trap: (tid, cause, address, error) => trap(kernel, tid, cause, address, error),
    signals: (tid, broken) => signals(kernel, tid, broken),
    exec: (tid, path, argv, envp) => exec(kernel, tid, path, argv, envp),
    table: (): readonly SyscallRow[] => rows,
    nameOf: (call) => NAMES[call]?.name ?? `syscall_${call}`,
    counts: () => state,
    describeResult: showResult,
    describe(tid) {
      const context = contextOf(kernel, tid);
      const call = callOf(kernel, context);
      const row = NAMES[call];
      const kinds = row?.kinds ?? [];
      const values = kinds.map((kind, index) => showArgument(kind, argument(kernel, context, kinds, index)));
      return `[${tid}] ${row?.name ?? `syscall_${call}`}(${values.join(', ')})`;
    },
  };
}

const NEEDS: Manifest['needs'] = {
  clock: 1,
  engine: 1,
  frames: 1,
  ipc: 1,
  net: 1,
  pagecache: 1,
  pmap: 1,
  process: 1,
  scheduler: 1,
  tty: 1,
  vfs: 1,
  vm: 1,
};

export const linuxAbi: Module<Abi, AbiState> = {
  manifest: {
    slot: 'abi',
    name: 'linux',
    version: '1.0.0',
    contract: 1,
    interfaces: Object.keys(OPTIONAL),
    needs: NEEDS,
    description: 'System calls, signals and program loading of riscv64 Linux',
  },
  layout: abiLayout,
  create: (state, kernel) => createAbi(state, kernel, ALL, NAMES),
};

/** The same without the optional families: fewer calls for a program to reach the kernel by. */
export const coreAbi: Module<Abi, AbiState> = {
  manifest: {
    slot: 'abi',
    name: 'linux-core',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: NEEDS,
    description:
      'files, processes, memory, signals and time of riscv64 Linux; no sockets, no epoll and its kin, no message queues, no System V IPC',
  },
  layout: abiLayout,
  create: (state, kernel) => createAbi(state, kernel, CORE_ROWS, CORE_TABLE),
};

export default linuxAbi;
