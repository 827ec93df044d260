/**
 * Reading and writing a terminal from its programs' side.
 *
 * Canonical reads give at most one line; raw reads wait by VMIN and VTIME. A raw read takes nothing until it can end,
 * so that it may be run again. Source: termios(3), "canonical and noncanonical mode".
 */
import { EAGAIN, EIO } from '../../../abi/linux/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../../abi/linux/poll.ts';
import { SIGTTIN, SIGTTOU } from '../../../abi/linux/signal.ts';
import { ICANON, TOSTOP, VMIN, VTIME } from '../../../abi/linux/termios.ts';
import { type Kernel, RESUMED_BY_TIMEOUT, type Spans, WAIT } from '../../../contracts/kernel.ts';
import type { Terminal } from '../../../contracts/tty.ts';
import { copyFromSpans, copyToSpans } from '../../../lib/spans.ts';
import { checkForeground } from './job-control.ts';
import { createOutput, deliver, EVERYONE, OUTPUT_LIMIT, process } from './output.ts';

/** One unit of VTIME in ns. */
const TENTH_OF_SECOND = 100_000_000;

const wait = (kernel: Kernel, event: number): number => {
  kernel.waits.on(event);
  kernel.waits.restart('restart');
  return WAIT;
};

/** Move the first bytes of `bytes` into a user buffer. */
export function takeBytes(kernel: Kernel, bytes: number[], into: Spans, at: number, count: number): number {
  copyToSpans(kernel, Uint8Array.from(bytes.splice(0, count)), 0, into, at, count);
  return count;
}

function take(kernel: Kernel, terminal: Terminal, into: Spans, limit: number): number {
  const count = takeBytes(
    kernel,
    terminal.input,
    into,
    0,
    Math.min(limit, into.total, terminal.input.length),
  );
  kernel.waits.wake(terminal.masterEvent, EVERYONE);
  return count;
}

function readLine(kernel: Kernel, terminal: Terminal, into: Spans, nonBlocking: boolean): number {
  const line = terminal.lines[0];
  if (line === undefined) return nonBlocking ? -EAGAIN : wait(kernel, terminal.readEvent);
  const count = take(kernel, terminal, into, line);
  if (count === line) terminal.lines.shift();
  else terminal.lines[0] = line - count;
  return count;
}

function readRaw(kernel: Kernel, tid: number, terminal: Terminal, into: Spans, nonBlocking: boolean): number {
  const least = terminal.termios.cc[VMIN] as number;
  const time = (terminal.termios.cc[VTIME] as number) * TENTH_OF_SECOND;
  const there = terminal.input.length;
  if (there > 0 && (there >= Math.min(least, into.total) || nonBlocking || kernel.waits.interrupted(tid)))
    return take(kernel, terminal, into, into.total);
  if (there === 0) {
    if (least === 0 && (time === 0 || kernel.waits.resumed(tid) === RESUMED_BY_TIMEOUT)) return 0;
    if (nonBlocking) return -EAGAIN;
    if (least === 0) kernel.waits.until(kernel.clock.monotonic() + time);
  } else if (time > 0) {
    // What is there already counts as if it came just after the call.
    const now = kernel.clock.monotonic();
    if (kernel.waits.resumed(tid) === 0) terminal.lastInput = now;
    if (now >= terminal.lastInput + time) return take(kernel, terminal, into, into.total);
    kernel.waits.until(terminal.lastInput + time);
  }
  return wait(kernel, terminal.readEvent);
}

export function readSlave(
  kernel: Kernel,
  tid: number,
  terminal: Terminal,
  into: Spans,
  nonBlocking: boolean,
): number {
  if (terminal.hungUp) return 0;
  const allowed = checkForeground(kernel, tid, terminal, SIGTTIN);
  if (allowed !== 0) return allowed;
  if (into.total === 0) return 0;
  return (terminal.termios.lflag & ICANON) !== 0
    ? readLine(kernel, terminal, into, nonBlocking)
    : readRaw(kernel, tid, terminal, into, nonBlocking);
}

export function writeSlave(
  kernel: Kernel,
  tid: number,
  terminal: Terminal,
  from: Spans,
  skip: number,
  nonBlocking: boolean,
): number {
  if (terminal.hungUp) return -EIO;
  if ((terminal.termios.lflag & TOSTOP) !== 0) {
    const allowed = checkForeground(kernel, tid, terminal, SIGTTOU);
    if (allowed !== 0) return allowed;
  }
  const left = from.total - skip;
  if (left <= 0) return 0;
  const room = terminal.console ? left : OUTPUT_LIMIT - terminal.output.length;
  if (terminal.stopped || room <= 0) return nonBlocking ? -EAGAIN : wait(kernel, terminal.writeEvent);
  const bytes = new Uint8Array(Math.min(left, room));
  copyFromSpans(kernel, from, skip, bytes, 0, bytes.length);
  const out = createOutput(bytes.length);
  let count = 0;
  while (count < bytes.length && (terminal.console || out.length < room)) {
    process(terminal, bytes[count++] as number, out);
  }
  deliver(kernel, terminal, out);
  return count;
}

export function readable(terminal: Terminal): boolean {
  const { lflag, cc } = terminal.termios;
  if ((lflag & ICANON) !== 0) return terminal.lines.length > 0;
  return terminal.input.length >= (cc[VTIME] === 0 ? Math.max(1, cc[VMIN] as number) : 1);
}

export function pollSlave(terminal: Terminal): number {
  if (terminal.hungUp) return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
  let ready = readable(terminal) ? POLLIN | POLLRDNORM : 0;
  if (!terminal.stopped && (terminal.console || terminal.output.length < OUTPUT_LIMIT))
    ready |= POLLOUT | POLLWRNORM;
  return ready;
}
