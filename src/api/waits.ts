/**
 * What each thread waits for, for `Kernel.waits` and for the report of a deadlock.
 */
import { CTX_X } from '../machine/layout.ts';
import { contextAddress } from '../machine/machine.ts';
import type { Nucleus } from '../nucleus/nucleus.ts';

const A7 = 17;

/** A thread that waits: a blocked thread is data, and this is the part of it that says why. */
export interface WaitStat {
  readonly tid: number;
  readonly pid: number;
  /** comm. */
  readonly name: string;
  /** What runs again once it is woken: its system call, its faulting instruction, or the load of its program. */
  readonly operation: 'syscall' | 'fault' | 'exec';
  /** Name of the system call; '' for the other two. */
  readonly call: string;
  /** Any of these wakes it. */
  readonly events: readonly number[];
  /** Guest time in ns at which it goes on by itself, or -1. */
  readonly deadline: number;
}

/** Threads that wait and were not woken yet, by ascending tid. */
export function waitsOf({ kernel, waits }: Nucleus): readonly WaitStat[] {
  const result: WaitStat[] = [];
  for (const { tid, continuation, events, deadline, resumedBy } of waits.all()) {
    const thread = kernel.process.findThread(tid);
    if (resumedBy !== 0 || thread === null) continue;
    const { operation } = continuation;
    const register = contextAddress(kernel.machine.layout, thread.context) + CTX_X + 8 * A7;
    const call =
      operation === 'syscall' ? kernel.abi.nameOf(kernel.machine.i32[register >>> 2] as number) : '';
    result.push({ tid, pid: thread.tgid, name: thread.name, operation, call, events: [...events], deadline });
  }
  return result.sort((a, b) => a.tid - b.tid);
}

/** One line for a report that nothing goes on. */
export const describeWaits = (waits: readonly WaitStat[]): string =>
  waits
    .map(({ tid, name, operation, call }) => `${tid} (${name}) in ${call === '' ? operation : call}`)
    .join(', ');
