/**
 * The digest of a run: what guests saw, in global order.
 *
 * (thread, retired count, system call number, result, bytes copied out) of each call that ended, signal frames and exits.
 * What guests put out is hashed by the host port. Replacements, pauses and module lists are not in it.
 */
import type { Spans } from '../contracts/kernel.ts';
import { Digest } from '../lib/digest.ts';
import { CTX_RETIRED } from '../machine/layout.ts';
import type { Machine } from '../machine/machine.ts';
import type { Undoable } from './trial.ts';
import type { GuestMemory } from './user-memory.ts';

const CALL = 1;
const SIGNAL = 2;
const EXIT = 3;

export class RunDigest implements Undoable {
  readonly #digest = new Digest();

  call(
    machine: Machine,
    tid: number,
    context: number,
    call: number,
    result: number,
    user: GuestMemory,
  ): void {
    const digest = this.#digest;
    digest.word(CALL);
    digest.word(tid);
    digest.word(machine.i32[(context + CTX_RETIRED) >>> 2] as number);
    digest.word(machine.i32[(context + CTX_RETIRED + 4) >>> 2] as number);
    digest.word(call);
    digest.number(result);
    hashSpans(digest, machine, user.written, user.written.total);
    if (user.filled.count > 0) hashSpans(digest, machine, user.filled, Math.max(0, result));
  }

  signal(machine: Machine, tid: number, user: GuestMemory): void {
    this.#digest.word(SIGNAL);
    this.#digest.word(tid);
    hashSpans(this.#digest, machine, user.written, user.written.total);
  }

  exit(pid: number, status: number): void {
    this.#digest.word(EXIT);
    this.#digest.word(pid);
    this.#digest.word(status);
  }

  checkpoint(): () => void {
    return this.#digest.checkpoint();
  }

  hex(): string {
    return this.#digest.hex();
  }
}

/** Hash at most `limit` bytes of the ranges. */
function hashSpans(digest: Digest, machine: Machine, spans: Spans, limit: number): void {
  let left = limit;
  for (let i = 0; i < spans.count && left > 0; i++) {
    const start = spans.address[i] as number;
    const count = Math.min(left, spans.length[i] as number);
    digest.bytes(machine.u8, start, start + count);
    left -= count;
  }
}
