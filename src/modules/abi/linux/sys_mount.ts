/**
 * System calls mount and umount2.
 *
 * New mounts and remounts read-only or not; bind mounts and moves are absent. Kinds of propagation are taken and mean nothing, for
 * there is one namespace.
 */
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MGC_MSK,
  MS_MGC_VAL,
  MS_MOVE,
  MS_NOATIME,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_UNBINDABLE,
  OWN_TYPES,
  UMOUNT_NOFOLLOW,
} from '../../../abi/linux/mount.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { readPath } from './at.ts';
import { type Handler, partial, type Row } from './call.ts';

/** Kinds of propagation, of which one may be asked for at a time. */
const KINDS = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

const readOptional = (kernel: Kernel, tid: number, va: number): string | number =>
  va === 0 ? '' : readPath(kernel, tid, va);

/** mount(2) */
const sysMount: Handler = (kernel, tid, sourceVa, targetVa, typeVa, asked, dataVa) => {
  const type = readOptional(kernel, tid, typeVa);
  if (typeof type === 'number') return type;
  const source = readOptional(kernel, tid, sourceVa);
  if (typeof source === 'number') return source;
  const target = readPath(kernel, tid, targetVa);
  if (typeof target === 'number') return target;
  if (!kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
  const flags = (asked & MS_MGC_MSK) >>> 0 === MS_MGC_VAL ? asked & ~MS_MGC_MSK : asked;
  const readOnly = (flags & MS_RDONLY) !== 0;
  if ((flags & MS_REMOUNT) !== 0) return kernel.vfs.remount(tid, target, readOnly);
  if ((flags & MS_BIND) !== 0) return -EINVAL;
  const kinds = flags & KINDS;
  if (kinds !== 0) {
    const one = (kinds & (kinds - 1)) === 0 && (flags & ~(KINDS | MS_REC | MS_SILENT)) === 0;
    return one ? (kernel.vfs.propagate?.(tid, target) ?? -EINVAL) : -EINVAL;
  }
  if ((flags & MS_MOVE) !== 0) return -EINVAL;
  const given = readOptional(kernel, tid, dataVa);
  if (typeof given === 'number') return given;
  const quiet = (flags & MS_NOATIME) !== 0;
  const options = quiet ? [given, 'noatime'].filter((option) => option !== '').join(',') : given;
  return kernel.vfs.mount(tid, OWN_TYPES.get(type) ?? type, source, target, options, readOnly);
};

/** umount(2) */
const sysUmount2: Handler = (kernel, tid, targetVa, flags) => {
  if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) !== 0) return -EINVAL;
  if ((flags & MNT_EXPIRE) !== 0) return -EINVAL;
  const target = readPath(kernel, tid, targetVa);
  if (typeof target === 'number') return target;
  return kernel.vfs.unmount(tid, target, (flags & MNT_DETACH) !== 0);
};

export const mountCalls: readonly Row[] = [
  partial(39, 'umount2', ['ptr', 'uint'], sysUmount2, 'no MNT_EXPIRE'),
  partial(
    40,
    'mount',
    ['ptr', 'ptr', 'ptr', 'uint', 'ptr'],
    sysMount,
    'no bind mounts or moves; of the flags MS_RDONLY, MS_NOATIME and MS_REMOUNT',
  ),
];
