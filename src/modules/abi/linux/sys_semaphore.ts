/**
 * System calls of System V semaphores: semget, semop, semtimedop, semctl.
 *
 * A wait is never restarted behind a signal (signal(7)); its progress is its deadline.
 */
import * as E from '../../../abi/linux/errno.ts';
import * as V from '../../../abi/linux/sysv.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, WAIT } from '../../../contracts/kernel.ts';
import type { SemaphoreOperation, Semaphores, SemaphoreSet } from '../../../contracts/semaphores.ts';
import { atPlace, highestPlace } from '../../../lib/ipc/ids.ts';
import { full, type Handler, type Row } from './call.ts';
import { checkAccess, checkOwner, permissionOf, putPermission } from './sysv-permission.ts';
import { NEVER, relativeDeadline } from './timespec.ts';

const READ = 0o444;
const ALTER = 0o222;

/** The slot's operations on semaphores, or null where the module in place has none. */
const semaphoresOf = ({ ipc }: Kernel): Semaphores | null =>
  ipc.createSemaphores === undefined ? null : (ipc as Semaphores);

/** semget(2) */
const sysSemget: Handler = (kernel, tid, key, count, flags) => {
  const ipc = semaphoresOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (count < 0 || count > ipc.semaphoreLimits().perSet) return -E.EINVAL;
  if (key !== V.IPC_PRIVATE) {
    for (const set of ipc.semaphoreSets()) {
      if (set.key !== key) continue;
      if ((flags & (V.IPC_CREAT | V.IPC_EXCL)) === (V.IPC_CREAT | V.IPC_EXCL)) return -E.EEXIST;
      if (count > set.semaphores.length) return -E.EINVAL;
      const refused = checkAccess(kernel, tid, set.permission, flags & 0o777);
      return refused !== 0 ? refused : set.id;
    }
    if ((flags & V.IPC_CREAT) === 0) return -E.ENOENT;
  }
  if (count === 0) return -E.EINVAL;
  return ipc.createSemaphores(key, count, permissionOf(kernel, tid, flags));
};

/** semop's array. @returns it, -EFAULT or WAIT */
function readOperations(
  kernel: Kernel,
  tid: number,
  at: number,
  count: number,
): SemaphoreOperation[] | number {
  const bytes = new Uint8Array(count * V.SEMBUF_SIZE);
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, i) => {
    const flags = view.getUint16(V.SEMBUF_SIZE * i + 4, true);
    return {
      index: view.getUint16(V.SEMBUF_SIZE * i, true),
      change: view.getInt16(V.SEMBUF_SIZE * i + 2, true),
      undo: (flags & V.SEM_UNDO) !== 0,
      noWait: (flags & V.IPC_NOWAIT) !== 0,
    };
  });
}

/** semtimedop(2); without a time-out semop(2) */
const sysSemtimedop: Handler = (kernel, tid, id, at, count, timeout) => {
  const ipc = semaphoresOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  const kept = kernel.waits.progress(tid)[0];
  const resumed = kernel.waits.resumed(tid) !== 0 && kept !== undefined;
  let deadline = kept ?? NEVER;
  if (!resumed && timeout !== 0) deadline = relativeDeadline(kernel, tid, timeout);
  if (deadline < 0) return deadline;
  if (count < 1 || id < 0) return -E.EINVAL;
  if (count > ipc.semaphoreLimits().operations) return -E.E2BIG;
  const done = resumed ? ipc.semaphoreWaitOver(tid, id) : null;
  if (done !== null) return done;
  const operations = readOperations(kernel, tid, at, count);
  if (typeof operations === 'number') return operations;
  const set = ipc.semaphores(id);
  if (set === null) return resumed ? -E.EIDRM : -E.EINVAL;
  if (operations.some(({ index }) => index >= set.semaphores.length)) return -E.EFBIG;
  const alters = operations.some(({ change }) => change !== 0);
  const refused = resumed ? 0 : checkAccess(kernel, tid, set.permission, alters ? ALTER : READ);
  if (refused !== 0) return refused;
  if (kernel.waits.interrupted(tid)) {
    kernel.waits.restart('eintr');
    return WAIT;
  }
  if (kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT) return -E.EAGAIN;
  const result = ipc.operateSemaphores(tid, id, operations);
  if (result !== WAIT) return result;
  if (deadline !== NEVER) kernel.waits.until(deadline);
  kernel.waits.keep([deadline]);
  kernel.waits.restart('eintr');
  return WAIT;
};

const sysSemop: Handler = (kernel, tid, id, at, count) => sysSemtimedop(kernel, tid, id, at, count, 0, 0, 0);

/** IPC_INFO and SEM_INFO. @returns the highest index in use, -EFAULT or WAIT */
function info(kernel: Kernel, tid: number, ipc: Semaphores, at: number, inUse: boolean): number {
  let sets = 0;
  let semaphores = 0;
  for (const set of ipc.semaphoreSets()) {
    sets++;
    semaphores += set.semaphores.length;
  }
  const view = new DataView(new ArrayBuffer(V.SEMINFO_SIZE));
  const { perSet, all, operations, sets: most } = ipc.semaphoreLimits();
  const { SEMVMX } = V;
  const used = inUse ? [sets, SEMVMX, semaphores] : [20, SEMVMX, SEMVMX];
  [all, most, all, all, perSet, operations, operations, ...used].forEach((value, i) =>
    view.setInt32(4 * i, value, true),
  );
  const error = kernel.user.write(tid, at, new Uint8Array(view.buffer));
  return error !== 0 ? error : highestPlace(ipc.semaphoreSets());
}

/** struct semid64_ds. @returns `result`, -EFAULT or WAIT */
function stat(kernel: Kernel, tid: number, set: Readonly<SemaphoreSet>, at: number, result: number): number {
  const view = new DataView(new ArrayBuffer(V.SEMID_DS_SIZE));
  putPermission(view, set.key, set.permission);
  view.setUint32(V.SEMID_DS_OTIME, set.operated, true);
  view.setUint32(V.SEMID_DS_CTIME, set.changed, true);
  view.setUint32(V.SEMID_DS_NSEMS, set.semaphores.length, true);
  const error = kernel.user.write(tid, at, new Uint8Array(view.buffer));
  return error !== 0 ? error : result;
}

function setPermission(
  kernel: Kernel,
  tid: number,
  ipc: Semaphores,
  set: Readonly<SemaphoreSet>,
  at: number,
): number {
  const bytes = new Uint8Array(V.PERM_SIZE);
  const error = kernel.user.read(tid, at, bytes) || checkOwner(kernel, tid, set.permission);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const [uid, gid, mode] = [V.PERM_UID, V.PERM_GID, V.PERM_MODE].map((from) => view.getUint32(from, true));
  ipc.setSemaphorePermission(set.id, uid as number, gid as number, mode as number);
  return 0;
}

function setAll(
  kernel: Kernel,
  tid: number,
  ipc: Semaphores,
  set: Readonly<SemaphoreSet>,
  at: number,
): number {
  const bytes = new Uint8Array(2 * set.semaphores.length);
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const view = new DataView(bytes.buffer);
  const values = set.semaphores.map((_, i) => view.getUint16(2 * i, true));
  if (values.some((value) => value > V.SEMVMX)) return -E.ERANGE;
  ipc.setSemaphores(tid, set.id, 0, values);
  return 0;
}

/** Commands on one semaphore. */
function control(
  kernel: Kernel,
  tid: number,
  ipc: Semaphores,
  set: Readonly<SemaphoreSet>,
  index: number,
  command: number,
  value: number,
): number {
  if (command === V.SETVAL && (value < 0 || value > V.SEMVMX)) return -E.ERANGE;
  const refused = checkAccess(kernel, tid, set.permission, command === V.SETVAL ? ALTER : READ);
  if (refused !== 0) return refused;
  const semaphore = set.semaphores[index];
  if (semaphore === undefined) return -E.EINVAL;
  switch (command) {
    case V.GETVAL:
      return semaphore.value;
    case V.GETPID:
      return semaphore.pid;
    case V.SETVAL:
      ipc.setSemaphores(tid, set.id, index, [value]);
      return 0;
    default:
      return ipc.semaphoreWaiters(set.id, index, command === V.GETZCNT);
  }
}

/** semctl(2) */
const sysSemctl: Handler = (kernel, tid, id, index, command, argument) => {
  const ipc = semaphoresOf(kernel);
  if (ipc === null) return -E.ENOSYS;
  if (id < 0) return -E.EINVAL;
  if (command === V.IPC_INFO || command === V.SEM_INFO) {
    return info(kernel, tid, ipc, argument, command === V.SEM_INFO);
  }
  const byIndex = command === V.SEM_STAT || command === V.SEM_STAT_ANY;
  const set = byIndex ? atPlace(ipc.semaphoreSets(), id) : ipc.semaphores(id);
  if (set === null) return -E.EINVAL;
  const access = (wanted: number): number => checkAccess(kernel, tid, set.permission, wanted);
  switch (command) {
    case V.IPC_STAT:
    case V.SEM_STAT:
      return access(READ) || stat(kernel, tid, set, argument, byIndex ? set.id : 0);
    case V.SEM_STAT_ANY:
      return stat(kernel, tid, set, argument, set.id);
    case V.IPC_SET:
      return setPermission(kernel, tid, ipc, set, argument);
    case V.IPC_RMID: {
      const refused = checkOwner(kernel, tid, set.permission);
      if (refused === 0) ipc.removeSemaphores(id);
      return refused;
    }
    case V.GETALL: {
      const values = Uint16Array.from(set.semaphores, ({ value }) => value);
      return access(READ) || kernel.user.write(tid, argument, new Uint8Array(values.buffer));
    }
    case V.SETALL:
      return access(ALTER) || setAll(kernel, tid, ipc, set, argument);
    case V.GETVAL:
    case V.GETPID:
    case V.GETNCNT:
    case V.GETZCNT:
    case V.SETVAL:
      // The value of SETVAL is an int in the union that the argument is.
      return control(kernel, tid, ipc, set, index, command, argument | 0);
    default:
      return -E.EINVAL;
  }
};

export const semaphoreCalls: readonly Row[] = [
  full(190, 'semget', ['int', 'int', 'int'], sysSemget),
  full(191, 'semctl', ['int', 'int', 'int', 'ptr'], sysSemctl),
  full(192, 'semtimedop', ['int', 'ptr', 'uint', 'ptr'], sysSemtimedop),
  full(193, 'semop', ['int', 'ptr', 'uint'], sysSemop),
];
