/**
 * What a dying thread leaves in user memory: its robust futexes and the word of set_tid_address.
 * Source: set_tid_address(2), get_robust_list(2), Documentation/locking/robust-futex-ABI. Faults are ignored.
 */
import { PROT_READ } from '../../../contracts/pmap.ts';
import type { Thread, ThreadGroup } from '../../../contracts/process.ts';
import type { Self } from './self.ts';

const FUTEX_OWNER_DIED = 0x4000_0000;
const FUTEX_WAITERS = 0x8000_0000;
const FUTEX_TID_MASK = 0x3fff_ffff;
/** ROBUST_LIST_LIMIT: a list that goes round ends here. */
const ROBUST_LIMIT = 2048;
const ANY = -1;

/** Wake by the private key and by the physical one, before and after a write that may have copied the page. */
function wakeWord(self: Self, group: ThreadGroup, va: number, before: number, count: number): void {
  const { ipc, pmap } = self.kernel;
  ipc.futexWake(group.space, va, count, ANY);
  const after = pmap.translate(group.space, va, PROT_READ);
  if (after !== 0) ipc.futexWake(0, after, count, ANY);
  if (before !== 0 && before !== after) ipc.futexWake(0, before, count, ANY);
}

/** Does anybody else see this memory? */
function shared(self: Self, thread: Thread, group: ThreadGroup): boolean {
  if (group.threads.some((tid) => tid !== thread.tid && self.state.threads.get(tid)?.dead === false))
    return true;
  for (const other of self.state.groups.values()) {
    if (other !== group && other.space === group.space) return true;
  }
  return false;
}

export function clearTid(self: Self, thread: Thread, group: ThreadGroup): void {
  const va = thread.clearTid;
  thread.clearTid = 0;
  if (va === 0 || group.space === 0 || !shared(self, thread, group)) return;
  const before = self.kernel.pmap.translate(group.space, va, PROT_READ);
  if (self.kernel.user.writeU32(thread.tid, va, 0) !== 0) return;
  wakeWord(self, group, va, before, 1);
}

/** One futex of the list: mark that its owner died and let a waiter have it. */
function releaseOne(self: Self, thread: Thread, group: ThreadGroup, va: number): boolean {
  const { user } = self.kernel;
  if ((va & 3) !== 0 || user.readU32(thread.tid, va) !== 0) return false;
  const word = user.value >>> 0;
  if ((word & FUTEX_TID_MASK) !== thread.tid) return true;
  const before = self.kernel.pmap.translate(group.space, va, PROT_READ);
  if (user.writeU32(thread.tid, va, ((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0) !== 0) return false;
  if ((word & FUTEX_WAITERS) !== 0) wakeWord(self, group, va, before, 1);
  return true;
}

export function releaseRobust(self: Self, thread: Thread, group: ThreadGroup): void {
  const head = thread.robustList;
  thread.robustList = 0;
  if (head === 0 || group.space === 0) return;
  const { user } = self.kernel;
  const read = (va: number): number => (user.readU64(thread.tid, va) === 0 ? user.value : -1);
  // struct robust_list_head: list.next, futex_offset (signed), list_op_pending. Bit 0 of an entry marks a PI futex.
  if (user.readU32(thread.tid, head + 8) !== 0) return;
  const offset = user.value | 0;
  const pending = read(head + 16);
  let entry = read(head);
  for (let left = ROBUST_LIMIT; entry > 0 && entry !== head && left > 0; left--) {
    const address = entry - (entry % 2);
    const next = read(address);
    if (entry !== pending && !releaseOne(self, thread, group, address + offset)) return;
    entry = next;
  }
  if (pending > 0) releaseOne(self, thread, group, pending - (pending % 2) + offset);
}
