/**
 * System calls that make memory a file: memfd_create.
 *
 * Source: memfd_create(2). Holds no state.
 */
import { EINVAL, ENAMETOOLONG, ENOSYS } from '../../../abi/linux/errno.ts';
import { F_SEAL_EXEC, F_SEAL_SEAL, O_LARGEFILE, O_RDWR } from '../../../abi/linux/fcntl.ts';
import {
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGE_SIZES,
  MFD_HUGETLB,
  MFD_NAME_MAX,
  MFD_NOEXEC_SEAL,
} from '../../../abi/linux/mman.ts';
import { installFile } from './at.ts';
import { type Handler, partial, type Row } from './call.ts';

const KNOWN: number = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;
const EXECUTABLE = 0o777;
const NOT_EXECUTABLE = 0o666;

/** memfd_create(2) */
const sysMemfdCreate: Handler = (kernel, tid, at, flags) => {
  const known = (flags & MFD_HUGETLB) !== 0 ? KNOWN | MFD_HUGE_SIZES : KNOWN;
  if ((flags & ~known) !== 0) return -EINVAL;
  if ((flags & MFD_EXEC) !== 0 && (flags & MFD_NOEXEC_SEAL) !== 0) return -EINVAL;
  const name = kernel.user.string(tid, at, MFD_NAME_MAX);
  if (typeof name === 'number') return name === -ENAMETOOLONG ? -EINVAL : name;
  if ((flags & MFD_HUGETLB) !== 0) return -ENOSYS;
  const noExec = (flags & MFD_NOEXEC_SEAL) !== 0;
  const sealing = noExec || (flags & MFD_ALLOW_SEALING) !== 0;
  const file = kernel.vfs.openMemory?.(
    tid,
    `memfd:${name}`,
    noExec ? NOT_EXECUTABLE : EXECUTABLE,
    O_RDWR | O_LARGEFILE,
    (noExec ? F_SEAL_EXEC : 0) | (sealing ? 0 : F_SEAL_SEAL),
  );
  if (file === undefined) return -ENOSYS;
  return file < 0 ? file : installFile(kernel, tid, file, 0, (flags & MFD_CLOEXEC) !== 0);
};

export const memfdCalls: readonly Row[] = [
  partial(
    279,
    'memfd_create',
    ['ptr', 'uint'],
    sysMemfdCreate,
    'no huge pages: ENOSYS as in a kernel without them',
  ),
];
