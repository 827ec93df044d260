/**
 * The master side of a pseudo-terminal: the program that plays the screen and the keyboard.
 *
 * Source: pty(7), tty_ioctl(4) for packet mode.
 */
import { EAGAIN, EIO } from '../../../abi/linux/errno.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../../../abi/linux/poll.ts';
import { TIOCPKT_DATA } from '../../../abi/linux/termios.ts';
import { type Kernel, type Spans, WAIT } from '../../../contracts/kernel.ts';
import type { Terminal } from '../../../contracts/tty.ts';
import { copyFromSpans } from '../../../lib/spans.ts';
import { inputRoom, receive } from './input.ts';
import { EVERYONE, OUTPUT_LIMIT } from './output.ts';
import { takeBytes } from './slave.ts';

const wait = (kernel: Kernel, event: number): number => {
  kernel.waits.on(event);
  kernel.waits.restart('restart');
  return WAIT;
};

export function readMaster(kernel: Kernel, terminal: Terminal, into: Spans, nonBlocking: boolean): number {
  if (into.total === 0) return 0;
  if (terminal.packet && terminal.packetStatus !== 0) {
    const status = terminal.packetStatus;
    terminal.packetStatus = 0;
    return takeBytes(kernel, [status], into, 0, 1);
  }
  const there = terminal.stopped ? 0 : terminal.output.length;
  if (there === 0) {
    if (terminal.slaveClosed) return -EIO;
    return nonBlocking ? -EAGAIN : wait(kernel, terminal.masterEvent);
  }
  const header = terminal.packet ? takeBytes(kernel, [TIOCPKT_DATA], into, 0, 1) : 0;
  const count = takeBytes(kernel, terminal.output, into, header, Math.min(there, into.total - header));
  if (terminal.output.length < OUTPUT_LIMIT) kernel.waits.wake(terminal.writeEvent, EVERYONE);
  return header + count;
}

export function writeMaster(
  kernel: Kernel,
  terminal: Terminal,
  from: Spans,
  skip: number,
  nonBlocking: boolean,
): number {
  const left = from.total - skip;
  if (left <= 0) return 0;
  if (terminal.slaveClosed) return -EIO;
  const room = inputRoom(terminal);
  if (room === 0) return nonBlocking ? -EAGAIN : wait(kernel, terminal.masterEvent);
  const bytes = new Uint8Array(Math.min(left, room));
  copyFromSpans(kernel, from, skip, bytes, 0, bytes.length);
  receive(kernel, terminal, bytes, bytes.length);
  return bytes.length;
}

export function pollMaster(terminal: Terminal): number {
  let ready = 0;
  if (terminal.output.length > 0 && !terminal.stopped) ready |= POLLIN | POLLRDNORM;
  if (terminal.packet && terminal.packetStatus !== 0) ready |= POLLIN | POLLRDNORM | POLLPRI;
  if (terminal.slaveClosed) ready |= POLLHUP;
  if (inputRoom(terminal) > 0) ready |= POLLOUT | POLLWRNORM;
  return ready;
}
