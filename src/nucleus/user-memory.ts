/**
 * User memory: the only way by which the kernel reads and writes what belongs to a guest.
 *
 * Every access goes through the page tables (pmap) and, where they refuse, through vm's fault, so that a user copy
 * behaves as the guest's own access would. Ranges written are noted, so that the digest can hash what a call copied
 * out. Holds scratch lists and the notes of the entry in progress; no state that outlives it.
 */
import { EFAULT, ENAMETOOLONG, ENOMEM } from '../abi/linux/errno.ts';
import {
  createSpans,
  type Kernel,
  RECORD_SIZE,
  type Spans,
  type UserMemory,
  WAIT,
} from '../contracts/kernel.ts';
import { PROT_READ, PROT_WRITE } from '../contracts/pmap.ts';
import { USER_LIMIT } from '../contracts/vm.ts';
import { copyToPhysical, wrote } from '../lib/spans.ts';
import { shortString } from '../lib/utf8.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import type { Journal } from './journal.ts';

const RLIMIT_STACK_SOFT = 6;
/** Up to so many bytes a loop over words is faster than to make a view for `set`. */
const SHORT = 96;

export class GuestMemory implements UserMemory {
  readonly scratch: Spans = createSpans();
  readonly scratch2: Spans = createSpans();
  value = 0;
  /** Buffers that the call may fill: hashed as far as its result says. */
  readonly filled: Spans = createSpans();
  /** Ranges that the call wrote in full. */
  readonly written: Spans = createSpans();
  readonly #kernel: Kernel;
  readonly #journal: Journal;
  readonly #pair: Buffer = createBuffer(16);
  readonly #record: Buffer = createBuffer(RECORD_SIZE);
  readonly record: DataView = new DataView(this.#record.bytes.buffer);

  constructor(kernel: Kernel, journal: Journal) {
    this.#kernel = kernel;
    this.#journal = journal;
  }

  /** A call begins: nothing was copied out yet. */
  begin(): void {
    clear(this.filled);
    clear(this.written);
  }

  spans(tid: number, va: number, length: number, write: boolean, into: Spans): number {
    clear(into);
    const error = this.#resolve(tid, va, length, write, into);
    if (error === 0 && write) {
      for (let i = 0; i < into.count; i++)
        push(this.filled, into.address[i] as number, into.length[i] as number);
    }
    return error;
  }

  read(tid: number, va: number, into: Uint8Array): number {
    const space = this.#kernel.process.group(tid).space;
    const memory = this.#kernel.machine.u8;
    for (let done = 0; done < into.length; ) {
      const physical = this.#page(tid, space, va + done, PROT_READ);
      if (physical < 0) return physical;
      const count = Math.min(PAGE_SIZE - (physical & (PAGE_SIZE - 1)), into.length - done);
      if (count <= 16) for (let i = 0; i < count; i++) into[done + i] = memory[physical + i] as number;
      else into.set(memory.subarray(physical, physical + count), done);
      done += count;
    }
    return 0;
  }

  write(tid: number, va: number, from: Uint8Array): number {
    const first = this.written.count;
    const error = this.#claim(tid, va, from.length);
    if (error !== 0) return error;
    for (let i = first, done = 0; i < this.written.count; i++) {
      const length = this.written.length[i] as number;
      this.#put(from, done, this.written.address[i] as number, length);
      done += length;
    }
    return 0;
  }

  /** Note what is to be written: all pages first, so that nothing is written before WAIT or -EFAULT. */
  #claim(tid: number, va: number, length: number): number {
    const first = this.written.count;
    const error = this.#resolve(tid, va, length, true, this.written);
    if (error === 0) return 0;
    for (let i = first; i < this.written.count; i++) this.written.total -= this.written.length[i] as number;
    this.written.count = first;
    return error;
  }

  #put(from: Uint8Array, at: number, address: number, length: number): void {
    this.#journal.memory(address, length);
    copyToPhysical(this.#kernel, from, at, address, length);
  }

  string(tid: number, va: number, limit: number): string | number {
    const space = this.#kernel.process.group(tid).space;
    const memory = this.#kernel.machine.u8;
    let text = '';
    for (let at = va; ; ) {
      const physical = this.#page(tid, space, at, PROT_READ);
      if (physical < 0) return physical;
      const end = physical + PAGE_SIZE - (physical & (PAGE_SIZE - 1));
      let last = physical;
      while (last < end && memory[last] !== 0) last++;
      at += last - physical;
      if (text.length + (last - physical) > limit) return -ENAMETOOLONG;
      text += shortString(memory, physical, last);
      if (last < end) return text;
    }
  }

  readU32(tid: number, va: number): number {
    return this.#readWord(tid, va, 4);
  }

  readU64(tid: number, va: number): number {
    return this.#readWord(tid, va, 8);
  }

  writeU32(tid: number, va: number, value: number): number {
    return this.#writeWord(tid, va, value, 4);
  }

  writeU64(tid: number, va: number, value: number): number {
    return this.#writeWord(tid, va, value, 8);
  }

  #readWord(tid: number, va: number, size: number): number {
    const { words } = this.#pair;
    words[1] = 0;
    const error = this.#fetch(tid, va, this.#pair, size);
    if (error !== 0) return error;
    const value = ((words[1] as number) >>> 0) * 0x1_0000_0000 + ((words[0] as number) >>> 0);
    this.value = value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER + 1 : value;
    return 0;
  }

  /** @param value negative values are written in two's complement */
  #writeWord(tid: number, va: number, value: number, size: number): number {
    encode(this.#pair.words, 0, value);
    return this.#store(tid, va, this.#pair, size);
  }

  writePair(tid: number, va: number, first: number, second: number): number {
    encode(this.#pair.words, 0, first);
    encode(this.#pair.words, 2, second);
    return this.#store(tid, va, this.#pair, 16);
  }

  blankRecord(size: number): DataView {
    const { bytes, words } = this.#record;
    if (size > SHORT) bytes.fill(0, 0, size);
    else for (let i = 0; i < size; i += 4) words[i >>> 2] = 0;
    return this.record;
  }

  readRecord(tid: number, va: number, size: number): number {
    return this.#fetch(tid, va, this.#record, size);
  }

  writeRecord(tid: number, va: number, size: number): number {
    return this.#store(tid, va, this.#record, size);
  }

  #fetch(tid: number, va: number, into: Buffer, size: number): number {
    const { machine, process } = this.#kernel;
    const { space } = process.group(tid);
    for (let done = 0; done < size; ) {
      const physical = this.#page(tid, space, va + done, PROT_READ);
      if (physical < 0) return physical;
      const count = Math.min(PAGE_SIZE - (physical & (PAGE_SIZE - 1)), size - done);
      if (isShort(physical, done, count)) copyWords(machine.i32, physical, into.words, done, count);
      else into.bytes.set(machine.u8.subarray(physical, physical + count), done);
      done += count;
    }
    return 0;
  }

  #store(tid: number, va: number, from: Buffer, size: number): number {
    const first = this.written.count;
    const error = this.#claim(tid, va, size);
    if (error !== 0) return error;
    for (let i = first, done = 0; i < this.written.count; i++) {
      const address = this.written.address[i] as number;
      const length = this.written.length[i] as number;
      if (isShort(address, done, length)) {
        this.#journal.memory(address, length);
        copyWords(from.words, done, this.#kernel.machine.i32, address, length);
        wrote(this.#kernel, address, length);
      } else this.#put(from.bytes, done, address, length);
      done += length;
    }
    return 0;
  }

  /** Append the physical ranges of a buffer, neighbours joined. */
  #resolve(tid: number, va: number, length: number, write: boolean, into: Spans): number {
    const space = this.#kernel.process.group(tid).space;
    const access = write ? PROT_WRITE : PROT_READ;
    const first = into.count;
    for (let done = 0; done < length; ) {
      const physical = this.#page(tid, space, va + done, access);
      if (physical < 0) return physical;
      const count = Math.min(PAGE_SIZE - (physical & (PAGE_SIZE - 1)), length - done);
      const last = into.count - 1;
      if (last >= first && (into.address[last] as number) + (into.length[last] as number) === physical) {
        into.length[last] = (into.length[last] as number) + count;
        into.total += count;
      } else {
        push(into, physical, count);
      }
      done += count;
    }
    return 0;
  }

  /** @returns the physical address of va, faulted in; -EFAULT or WAIT */
  #page(tid: number, space: number, va: number, access: number): number {
    if (!(va >= 0 && va < USER_LIMIT)) return -EFAULT;
    const physical = this.#kernel.pmap.translate(space, va, access);
    if (physical !== 0) return physical;
    const stackLimit = this.#kernel.process.group(tid).limits[RLIMIT_STACK_SOFT] as number;
    const error = this.#kernel.vm.fault(space, va, access, stackLimit);
    if (error === WAIT) return WAIT;
    if (error !== 0) return error === -ENOMEM ? -ENOMEM : -EFAULT;
    this.#kernel.counters.pageFaults++;
    const again = this.#kernel.pmap.translate(space, va, access);
    return again === 0 ? -EFAULT : again;
  }
}

/** Bytes on their way, as words too. */
interface Buffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array;
}

function createBuffer(size: number): Buffer {
  const bytes = new Uint8Array(size);
  return { bytes, words: new Int32Array(bytes.buffer) };
}

/** Can it be copied word by word, and is it worth it? */
const isShort = (address: number, offset: number, count: number): boolean =>
  count <= SHORT && ((address | offset | count) & 3) === 0;

/** @param from, to and count in bytes */
function copyWords(source: Int32Array, from: number, target: Int32Array, to: number, count: number): void {
  for (let at = 0; at < count; at += 4) target[(to + at) >>> 2] = source[(from + at) >>> 2] as number;
}

/** The 64 bits of a value. */
function encode(words: Int32Array, at: number, value: number): void {
  words[at] = value | 0;
  words[at + 1] = Math.floor(value / 0x1_0000_0000) | 0;
}

function clear(spans: Spans): void {
  spans.count = 0;
  spans.total = 0;
}

function push(spans: Spans, address: number, length: number): void {
  spans.address[spans.count] = address;
  spans.length[spans.count] = length;
  spans.count++;
  spans.total += length;
}
