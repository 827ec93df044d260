/**
 * Signal-driven I/O: who is told by a signal that a file is ready (O_ASYNC), or that urgent data came (SIGURG).
 *
 * The nucleus says after an entry which files' events were woken; what is ready then decides the signal. A socket whose both
 * directions are ready is said to be readable. Source: fcntl(2), "Managing signals", socket(7), sigaction(2) (si_band).
 */
import { O_ASYNC } from '../../../abi/linux/fcntl.ts';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../../../abi/linux/poll.ts';
import {
  POLL_ERR,
  POLL_HUP,
  POLL_IN,
  POLL_OUT,
  POLL_PRI,
  SI_KERNEL,
  SIGIO,
  SIGURG,
} from '../../../abi/linux/signal.ts';
import { DRIVEN } from '../../../contracts/kernel.ts';
import { createSignalInfo, type SignalInfo } from '../../../contracts/process.ts';
import {
  createFileOwner,
  type FileKind,
  type FileOwner,
  type OpenFile,
  type OwnerKind,
} from '../../../contracts/vfs.ts';
import type { Core } from './core.ts';
import { arm, poll } from './files.ts';

/** What a file has to have ready, the si_code that says so, and its si_band. */
const CAUSES: readonly (readonly [bits: number, code: number, band: number])[] = [
  [POLLIN, POLL_IN, POLLIN | POLLRDNORM],
  [POLLOUT, POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND],
  [POLLERR, POLL_ERR, POLLERR],
  [POLLHUP, POLL_HUP, POLLHUP | POLLERR],
];
const URGENT = [POLLPRI, POLL_PRI, POLLPRI | POLLRDBAND] as const;

/** Kinds of files that send signals: the others keep no O_ASYNC. */
export const isDrivable = (kind: FileKind): boolean =>
  kind === 'pipe' ||
  kind === 'tty' ||
  kind === 'pty-master' ||
  kind === 'stream' ||
  kind === 'unix-socket' ||
  kind === 'inet-socket';

/** The bits that the file's owner hears of; 0 = none. */
function wantedOf({ kind, flags, owner }: OpenFile): number {
  if ((flags & O_ASYNC) !== 0) return POLLIN | POLLOUT | POLLPRI;
  return kind === 'inet-socket' && owner !== null && owner.kind !== 'nobody' ? POLLPRI : 0;
}

/** The file's flags or its owner changed. */
export function watchFile(core: Core, tid: number, file: OpenFile): void {
  const { waits } = core.kernel;
  const wanted = wantedOf(file);
  if (wanted === 0) {
    if (file.owner !== null) waits.unwatch(DRIVEN, file.id);
    return;
  }
  arm(core, tid, file.id, wanted);
  waits.watch(DRIVEN, file.id);
}

export const ownerOf = (file: OpenFile): FileOwner => (file.owner ??= createFileOwner());

export function setOwner(file: OpenFile, kind: OwnerKind, id: number, uid: number, euid: number): void {
  const owner = ownerOf(file);
  owner.kind = kind;
  owner.id = id;
  owner.uid = uid;
  owner.euid = euid;
}

function send(core: Core, owner: FileOwner, info: SignalInfo): void {
  const { process } = core.kernel;
  const permits = (tid: number): boolean => {
    const { uid, suid } = process.credentials(tid);
    const { euid } = owner;
    return euid === 0 || [uid, suid].includes(euid) || [uid, suid].includes(owner.uid);
  };
  if (owner.kind === 'thread') {
    if (process.findThread(owner.id) !== null && permits(owner.id)) process.signalThread(owner.id, info);
    return;
  }
  for (const group of process.groups()) {
    if (owner.kind === 'process' ? group.tgid !== owner.id : group.pgid !== owner.id) continue;
    if (!group.zombie && permits(group.tgid)) process.signalGroup(group.tgid, { ...info });
  }
}

function fromKernel(signal: number): SignalInfo {
  const info = createSignalInfo();
  info.signal = signal;
  info.code = SI_KERNEL;
  return info;
}

/** What the file has to say: F_SETSIG's signal with the cause, or plain SIGIO. */
function infoOf({ kind }: OpenFile, owner: FileOwner, bits: number, urgent: boolean): SignalInfo | null {
  // The other end of a pipe that closes is told as what may be done now.
  const told =
    kind === 'pipe' && (bits & (POLLHUP | POLLERR)) !== 0 ? bits | (bits & POLLHUP ? POLLIN : POLLOUT) : bits;
  const cause = urgent ? URGENT : CAUSES.find(([bit]) => (told & bit) !== 0);
  if (cause === undefined) return null;
  if (owner.signal === 0) return fromKernel(SIGIO);
  const info = createSignalInfo();
  info.signal = owner.signal;
  [, info.code, info.address] = cause;
  info.value = owner.fd;
  return info;
}

export function signalReady(core: Core): void {
  const { waits } = core.kernel;
  for (const id of waits.fired(DRIVEN)) {
    const file = core.state.files.get(id);
    if (file === undefined || file.owner === null) continue;
    const { owner } = file;
    const bits = poll(core, 0, id);
    watchFile(core, 0, file);
    const urgent = (bits & POLLPRI) !== 0 && !owner.urgent;
    owner.urgent = (bits & POLLPRI) !== 0;
    if (owner.kind === 'nobody') continue;
    if (urgent && file.kind === 'inet-socket') send(core, owner, fromKernel(SIGURG));
    const info = (file.flags & O_ASYNC) === 0 ? null : infoOf(file, owner, bits, urgent);
    if (info !== null) send(core, owner, info);
  }
}
