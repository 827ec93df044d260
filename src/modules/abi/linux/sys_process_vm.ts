/**
 * Memory of another process: process_vm_readv, process_vm_writev.
 *
 * Source: process_vm_readv(2). Bytes go in chunks; what is done is the call's progress before it waits. A part of the other
 * process's memory that is bad ends the transfer there.
 */
import { EFAULT, EINVAL, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { copyFromSpans, copyToSpans } from '../../../lib/spans.ts';
import { gather, readVectors, suspend, totalOf } from './buffers.ts';
import { full, type Handler, type Row } from './call.ts';
import { mayAttach } from './ptrace-access.ts';

const CHUNK = 65_536;

/** Move bytes between two lists of buffers until one of them ends. */
function transfer(
  kernel: Kernel,
  tid: number,
  from: { readonly tid: number; readonly vectors: readonly number[] },
  to: { readonly tid: number; readonly vectors: readonly number[] },
): number {
  const total = Math.min(totalOf(from.vectors), totalOf(to.vectors));
  const { scratch } = kernel.user;
  const bytes = new Uint8Array(Math.min(CHUNK, total));
  let done = kernel.waits.progress(tid)[0] ?? 0;
  while (done < total) {
    const wanted = Math.min(CHUNK, total - done);
    let error = gather(kernel, from.tid, from.vectors, done, wanted, false);
    if (error === WAIT) return suspend(kernel, tid, done);
    const found = Math.min(scratch.total, wanted);
    if (error !== 0 || found === 0) return done > 0 ? done : -EFAULT;
    copyFromSpans(kernel, scratch, 0, bytes, 0, found);
    error = gather(kernel, to.tid, to.vectors, done, found, true);
    if (error === WAIT) return suspend(kernel, tid, done);
    const count = Math.min(scratch.total, found);
    if (error !== 0 || count === 0) return done > 0 ? done : -EFAULT;
    copyToSpans(kernel, bytes, 0, scratch, 0, count);
    done += count;
    if (count < wanted) return done;
  }
  return done;
}

/** @param write to the other process, else from it */
const copier =
  (write: boolean): Handler =>
  (kernel, tid, pid, local, localCount, remote, remoteCount, flags) => {
    if (flags !== 0) return -EINVAL;
    const mine = readVectors(kernel, tid, local, localCount);
    if (typeof mine === 'number') return mine;
    const theirs = readVectors(kernel, tid, remote, remoteCount);
    if (typeof theirs === 'number') return theirs;
    if (totalOf(mine) === 0 || remoteCount === 0) return 0;
    const thread = kernel.process.findThread(pid);
    if (thread === null || thread.dead || kernel.process.group(pid).space === 0) return -ESRCH;
    if (!mayAttach(kernel, tid, pid)) return -EPERM;
    const here = { tid, vectors: mine };
    const there = { tid: pid, vectors: theirs };
    return write ? transfer(kernel, tid, here, there) : transfer(kernel, tid, there, here);
  };

export const processVmCalls: readonly Row[] = [
  full(270, 'process_vm_readv', ['int', 'ptr', 'size', 'ptr', 'size', 'uint'], copier(false)),
  full(271, 'process_vm_writev', ['int', 'ptr', 'size', 'ptr', 'size', 'uint'], copier(true)),
];
