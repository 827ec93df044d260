/**
 * Questions to the host: asked once, found again by the operation when it is run again after its wait.
 *
 * A batch of requests is one question, answered when the last of them is. Completions come in the order of the
 * requests, so a flush that has completed says that every write before it has, too.
 */
import type { HostRequest } from '../../../contracts/host.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { createAsk, type HostState } from './state.ts';

const OWNER = 'filesystem:host';

/**
 * Ask the host, or take its answer. @param key names the question @param inode and @param index what `completed` is to know
 * @returns WAIT until all requests have completed, then once 0 or -errno
 */
export function ask(
  state: HostState,
  kernel: Kernel,
  key: string,
  inode: number,
  index: number,
  requests: () => readonly HostRequest[],
): number {
  let found = state.asks.get(key);
  if (found !== undefined && found.outstanding === 0) {
    state.asks.delete(key);
    return found.errno;
  }
  if (found === undefined) {
    const batch = requests();
    if (batch.length === 0) return 0;
    found = createAsk();
    found.inode = inode;
    found.index = index;
    found.event = kernel.waits.newEvent();
    found.outstanding = batch.length;
    state.asks.set(key, found);
    for (const request of batch) state.requests.set(kernel.host.request(OWNER, request), key);
  }
  kernel.waits.on(found.event);
  return WAIT;
}

/** Send bytes to the host; nobody waits for it, and an error is told by the next flush. */
export function sendWrite(state: HostState, kernel: Kernel, inode: number, request: HostRequest): void {
  state.writes.set(kernel.host.request(OWNER, request), inode);
}

/** Send a request whose result is of no interest. */
export function send(kernel: Kernel, request: HostRequest): void {
  kernel.host.request(OWNER, request);
}

/** A write has completed. @returns false if the request was no write */
export function writeCompleted(state: HostState, request: number, errno: number): boolean {
  const inode = state.writes.get(request);
  if (inode === undefined) return false;
  state.writes.delete(request);
  if (errno !== 0 && !state.errors.has(inode)) state.errors.set(inode, errno);
  return true;
}

/** Count one request of a question as answered; wake who asked. @param learnt the answer needs no taking */
export function answered(
  state: HostState,
  kernel: Kernel,
  request: number,
  errno: number,
  learnt: boolean,
): void {
  const key = state.requests.get(request) ?? '';
  const found = state.asks.get(key);
  state.requests.delete(request);
  if (found === undefined) return;
  found.outstanding--;
  if (found.errno === 0) found.errno = errno;
  if (found.outstanding > 0) return;
  const woken = kernel.waits.wake(found.event, Number.MAX_SAFE_INTEGER);
  // Nobody is left to take the answer, or there is nothing to take.
  if (woken === 0 || (learnt && found.errno === 0)) state.asks.delete(key);
}
