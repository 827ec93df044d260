/**
 * System calls of kernel modules: init_module, finit_module, delete_module, over the registry's replacement.
 *
 * The image is copied; loading goes on while other programs run, and the call waits for its outcome. A replacement is
 * asked for once: the ticket is the call's progress.
 */
import { CAP_SYS_MODULE } from '../../../abi/linux/capability.ts';
import { EBADF, EFBIG, EINVAL, ENOENT, ENOEXEC, ENOMEM, EPERM } from '../../../abi/linux/errno.ts';
import { O_ACCMODE, O_WRONLY } from '../../../abi/linux/fcntl.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { createSpans, type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { copyFromSpans } from '../../../lib/spans.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../../../machine/layout.ts';
import { full, type Handler, partial, type Row } from './call.ts';

/** No module is larger; a limit against a guest that would fill the host's memory. */
const LARGEST_IMAGE = 64 << 20;
const LONGEST_PARAMETERS = 4096;
/** MODULE_NAME_LEN of Linux. */
const LONGEST_NAME = 56;

/** Wait for a ticket, new or kept. @returns 0, -errno or WAIT */
function awaitOutcome(kernel: Kernel, ticket: number): number {
  const outcome = kernel.modules.outcome(ticket);
  if (outcome !== null) return outcome;
  kernel.waits.on(kernel.modules.event(ticket));
  kernel.waits.keep([ticket]);
  kernel.waits.restart('disk');
  return WAIT;
}

/** init_module(2). */
const sysInitModule: Handler = (kernel, tid, image, length, parameters) => {
  const ticket = kernel.waits.progress(tid)[0];
  if (ticket !== undefined) return awaitOutcome(kernel, ticket);
  if (!kernel.process.capable(tid, CAP_SYS_MODULE)) return -EPERM;
  if (length === 0) return -ENOEXEC;
  if (length > LARGEST_IMAGE) return -ENOMEM;
  const bytes = new Uint8Array(length);
  const error = kernel.user.read(tid, image, bytes);
  if (error !== 0) return error;
  const text = kernel.user.string(tid, parameters, LONGEST_PARAMETERS);
  return typeof text === 'number' ? text : awaitOutcome(kernel, kernel.modules.load(bytes, text));
};

/** Read a whole file through a frame of the kernel's. @returns its bytes, -errno or WAIT (then from the start again) */
function readFile(kernel: Kernel, tid: number, file: number, size: number): Uint8Array | number {
  const frame = kernel.frames.alloc(false, 0);
  if (frame === 0) return -ENOMEM;
  const bytes = new Uint8Array(size);
  const page = createSpans();
  page.count = 1;
  page.address.push(frame << PAGE_SHIFT);
  page.length.push(0);
  let at = 0;
  let count = 1;
  while (at < size && count > 0) {
    page.total = Math.min(PAGE_SIZE, size - at);
    page.length[0] = page.total;
    count = kernel.vfs.read(tid, file, page, at);
    if (count > 0) {
      copyFromSpans(kernel, page, 0, bytes, at, count);
      at += count;
    }
  }
  kernel.frames.unref(frame);
  return count < 0 ? count : bytes.subarray(0, at);
}

/** finit_module(2). */
const sysFinitModule: Handler = (kernel, tid, fd, parameters, flags) => {
  const ticket = kernel.waits.progress(tid)[0];
  if (ticket !== undefined) return awaitOutcome(kernel, ticket);
  if (!kernel.process.capable(tid, CAP_SYS_MODULE)) return -EPERM;
  if (flags !== 0) return -EINVAL;
  const file = kernel.process.file(tid, fd);
  if (file < 0) return file;
  const { kind, flags: mode } = kernel.vfs.file(file);
  if ((mode & O_ACCMODE) === O_WRONLY || kind === 'path') return -EBADF;
  if (kind !== 'regular') return -EINVAL;
  const stat = createStat();
  const error = kernel.vfs.statFile(file, stat);
  if (error !== 0) return error;
  if (stat.size === 0) return -EINVAL;
  if (stat.size > LARGEST_IMAGE) return -EFBIG;
  const bytes = readFile(kernel, tid, file, stat.size);
  if (typeof bytes === 'number') return bytes;
  const text = kernel.user.string(tid, parameters, LONGEST_PARAMETERS);
  return typeof text === 'number' ? text : awaitOutcome(kernel, kernel.modules.load(bytes, text));
};

/** delete_module(2). `_` in a name equals `-`. */
const sysDeleteModule: Handler = (kernel, tid, name) => {
  const kept = kernel.waits.progress(tid)[0];
  if (kept !== undefined) return awaitOutcome(kernel, kept);
  if (!kernel.process.capable(tid, CAP_SYS_MODULE)) return -EPERM;
  const text = kernel.user.string(tid, name, LONGEST_NAME);
  if (typeof text === 'number') return text;
  if (text === '') return -ENOENT;
  const ticket = kernel.modules.unload(text.replaceAll('_', '-'));
  return ticket < 0 ? ticket : awaitOutcome(kernel, ticket);
};

export const moduleCalls: readonly Row[] = [
  full(105, 'init_module', ['ptr', 'size', 'ptr'], sysInitModule),
  full(106, 'delete_module', ['ptr', 'uint'], sysDeleteModule),
  partial(273, 'finit_module', ['int', 'ptr', 'uint'], sysFinitModule, 'flags are refused'),
];
