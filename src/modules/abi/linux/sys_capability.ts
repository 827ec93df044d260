/**
 * System calls on capabilities: capget, capset. Source: capabilities(7).
 */
import {
  CAP_SETPCAP,
  CAPABILITY_VERSION_1,
  CAPABILITY_VERSION_2,
  CAPABILITY_VERSION_3,
} from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { type Credentials, createCredentials } from '../../../contracts/process.ts';
import { full, type Row } from './call.ts';

/** Credentials to change and then set. */
export function copyOf(from: Readonly<Credentials>): Credentials {
  const copy = createCredentials();
  Object.assign(copy, from);
  copy.groups = from.groups.slice();
  return copy;
}

/** Words that capability data of the header's version have: 3 or 6; writes the preferred version where it is unknown. */
function capabilityWords(kernel: Kernel, tid: number, headerAt: number): number {
  const error = kernel.user.readU32(tid, headerAt);
  if (error !== 0) return error;
  if (kernel.user.value === CAPABILITY_VERSION_1) return 3;
  if (kernel.user.value === CAPABILITY_VERSION_2 || kernel.user.value === CAPABILITY_VERSION_3) return 6;
  const written = kernel.user.writeU32(tid, headerAt, CAPABILITY_VERSION_3);
  return written !== 0 ? written : -EINVAL;
}

/** capget(2) */
function sysCapget(kernel: Kernel, tid: number, headerAt: number, dataAt: number): number {
  const words = capabilityWords(kernel, tid, headerAt);
  if (words < 0) return words === -EINVAL && dataAt === 0 ? 0 : words;
  const error = kernel.user.readU32(tid, headerAt + 4);
  if (error !== 0) return error;
  const pid = kernel.user.value | 0;
  if (pid < 0) return -EINVAL;
  const thread = kernel.process.findThread(pid === 0 ? tid : pid);
  if (thread === null) return -ESRCH;
  if (dataAt === 0) return 0;
  const own = kernel.process.credentials(thread.tid);
  const sets = new Int32Array([
    own.effectiveLow,
    own.permittedLow,
    own.inheritableLow,
    own.effectiveHigh,
    own.permittedHigh,
    own.inheritableHigh,
  ]);
  return kernel.user.write(tid, dataAt, new Uint8Array(sets.buffer, 0, words * 4));
}

/** capset(2): for the caller only. */
function sysCapset(kernel: Kernel, tid: number, headerAt: number, dataAt: number): number {
  const words = capabilityWords(kernel, tid, headerAt);
  if (words < 0) return words;
  let error = kernel.user.readU32(tid, headerAt + 4);
  if (error !== 0) return error;
  const pid = kernel.user.value | 0;
  if (pid !== 0 && pid !== tid) return -EPERM;
  const sets = new Int32Array(6);
  error = kernel.user.read(tid, dataAt, new Uint8Array(sets.buffer, 0, words * 4));
  if (error !== 0) return error;
  const [eLow = 0, pLow = 0, iLow = 0, eHigh = 0, pHigh = 0, iHigh = 0] = sets;
  const own = kernel.process.credentials(tid);
  const extra = kernel.process.capable(tid, CAP_SETPCAP) ? -1 : 0;
  if ((pLow & ~own.permittedLow) !== 0 || (pHigh & ~own.permittedHigh) !== 0) return -EPERM;
  if ((eLow & ~pLow) !== 0 || (eHigh & ~pHigh) !== 0) return -EPERM;
  if ((iLow & ~(own.inheritableLow | own.permittedLow | extra)) !== 0) return -EPERM;
  if ((iHigh & ~(own.inheritableHigh | own.permittedHigh | extra)) !== 0) return -EPERM;
  const after = copyOf(own);
  after.effectiveLow = eLow;
  after.effectiveHigh = eHigh;
  after.permittedLow = pLow;
  after.permittedHigh = pHigh;
  after.inheritableLow = iLow;
  after.inheritableHigh = iHigh;
  kernel.process.setCredentials(tid, after);
  return 0;
}

export const capabilityCalls: readonly Row[] = [
  full(90, 'capget', ['ptr', 'ptr'], sysCapget),
  full(91, 'capset', ['ptr', 'ptr'], sysCapset),
];
