/**
 * Input processing of the line discipline: what each byte from the keyboard or the master does.
 *
 * Signals and flow control first, then the mapping of CR and NL, then editing in canonical mode; what is left is
 * for readers. Source: termios(3), "input modes" and "canonical and noncanonical mode".
 */
import { SI_KERNEL, SIGINT, SIGQUIT, SIGTSTP } from '../../../abi/linux/signal.ts';
import {
  ECHO,
  ECHOCTL,
  ECHONL,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNCR,
  IMAXBEL,
  INLCR,
  ISIG,
  ISTRIP,
  IUCLC,
  IXANY,
  IXON,
  NOFLSH,
  PARMRK,
  TIOCPKT_FLUSHREAD,
  TIOCPKT_FLUSHWRITE,
  TIOCPKT_START,
  TIOCPKT_STOP,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VWERASE,
} from '../../../abi/linux/termios.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createSignalInfo } from '../../../contracts/process.ts';
import type { Terminal } from '../../../contracts/tty.ts';
import { append, echo, erase, reprint } from './edit.ts';
import { createOutput, deliver, EVERYONE, type Output, process, put, resumeOutput } from './output.ts';

/** Input that is not read may grow to this before its source is asked to wait; a line may be as long, less one. */
export const INPUT_LIMIT = 4096;
const BELL = 7;
const NEWLINE = 10;
const RETURN = 13;

const is = (terminal: Terminal, byte: number, index: number): boolean =>
  byte !== 0 && terminal.termios.cc[index] === byte;

/** Bytes that the discipline still takes before its source should wait. */
export const inputRoom = (terminal: Terminal): number =>
  (terminal.termios.lflag & ICANON) !== 0 && terminal.input.length === 0
    ? INPUT_LIMIT
    : Math.max(0, INPUT_LIMIT - terminal.input.length - terminal.pending.length);

/** Tell the master in packet mode. */
export function notePacket(kernel: Kernel, terminal: Terminal, status: number): void {
  if (!terminal.packet) return;
  const opposite = status === TIOCPKT_STOP ? TIOCPKT_START : status === TIOCPKT_START ? TIOCPKT_STOP : 0;
  terminal.packetStatus = (terminal.packetStatus & ~opposite) | status;
  kernel.waits.wake(terminal.masterEvent, EVERYONE);
}

/** Forget input that was not read. */
export function flushInput(kernel: Kernel, terminal: Terminal): void {
  terminal.input = [];
  terminal.lines = [];
  terminal.pending = [];
  notePacket(kernel, terminal, TIOCPKT_FLUSHREAD);
  kernel.waits.wake(terminal.masterEvent, EVERYONE);
}

/** Forget output that is on its way. What a master could have read already stays, as on Linux. */
export function flushOutput(kernel: Kernel, terminal: Terminal): void {
  if (terminal.console) terminal.output = [];
  notePacket(kernel, terminal, TIOCPKT_FLUSHWRITE);
  kernel.waits.wake(terminal.writeEvent, EVERYONE);
}

/** Hold output back. */
export function stopOutput(kernel: Kernel, terminal: Terminal): void {
  if (terminal.stopped) return;
  terminal.stopped = true;
  notePacket(kernel, terminal, TIOCPKT_STOP);
}

export function startOutput(kernel: Kernel, terminal: Terminal): void {
  if (!terminal.stopped) return;
  notePacket(kernel, terminal, TIOCPKT_START);
  resumeOutput(kernel, terminal);
}

/** Send a signal of the kernel's to a process group. */
export function signalGroup(kernel: Kernel, pgrp: number, signal: number): void {
  if (pgrp === 0) return;
  const info = createSignalInfo();
  info.signal = signal;
  info.code = SI_KERNEL;
  kernel.process.signalProcessGroup(pgrp, info);
}

function interrupt(kernel: Kernel, terminal: Terminal, signal: number, byte: number, out: Output): void {
  deliver(kernel, terminal, out);
  signalGroup(kernel, terminal.pgrp, signal);
  if ((terminal.termios.lflag & NOFLSH) === 0) {
    flushInput(kernel, terminal);
    flushOutput(kernel, terminal);
  }
  if ((terminal.termios.iflag & IXON) !== 0) startOutput(kernel, terminal);
  if ((terminal.termios.lflag & ECHO) !== 0) echo(terminal, byte, out);
}

/** The line is complete: `pending` becomes readable. */
function finishLine(terminal: Terminal): void {
  terminal.lines.push(terminal.pending.length);
  for (const byte of terminal.pending) terminal.input.push(byte);
  terminal.pending = [];
}

/** Add a byte that means nothing special. */
function store(terminal: Terminal, byte: number, out: Output): void {
  const { lflag, iflag } = terminal.termios;
  const double = (iflag & PARMRK) !== 0 && byte === 0xff;
  if ((lflag & ICANON) !== 0) {
    if (terminal.pending.length >= INPUT_LIMIT - 1) {
      if ((iflag & IMAXBEL) !== 0) put(out, BELL);
      return;
    }
    append(terminal, byte, out);
    if (double) terminal.pending.push(byte);
    return;
  }
  if ((lflag & ECHO) !== 0) {
    if (byte === NEWLINE) process(terminal, byte, out);
    else echo(terminal, byte, out);
  }
  terminal.input.push(byte);
  if (double) terminal.input.push(byte);
}

/** Canonical mode. @returns true if the byte was an editing or line-ending character */
function edit(terminal: Terminal, byte: number, out: Output): boolean {
  const { lflag } = terminal.termios;
  const extended = (lflag & IEXTEN) !== 0;
  if (is(terminal, byte, VERASE)) erase(terminal, VERASE, out);
  else if (is(terminal, byte, VKILL)) erase(terminal, VKILL, out);
  else if (extended && is(terminal, byte, VWERASE)) erase(terminal, VWERASE, out);
  else if (extended && is(terminal, byte, VLNEXT)) {
    terminal.literal = true;
    if ((lflag & (ECHO | ECHOCTL)) === (ECHO | ECHOCTL)) {
      // A caret that the literal character overwrites, not counted in the line's columns.
      put(out, 0x5e);
      put(out, 8);
    }
  } else if (extended && (lflag & ECHO) !== 0 && is(terminal, byte, VREPRINT)) reprint(terminal, byte, out);
  else if (byte === NEWLINE) {
    if ((lflag & (ECHO | ECHONL)) !== 0) process(terminal, byte, out);
    terminal.pending.push(byte);
    finishLine(terminal);
  } else if (is(terminal, byte, VEOF)) finishLine(terminal);
  else if (is(terminal, byte, VEOL) || (extended && is(terminal, byte, VEOL2))) {
    append(terminal, byte, out);
    finishLine(terminal);
  } else return false;
  return true;
}

function receiveByte(kernel: Kernel, terminal: Terminal, raw: number, out: Output): void {
  const { iflag, lflag } = terminal.termios;
  let byte = raw;
  if ((iflag & ISTRIP) !== 0) byte &= 0x7f;
  if ((iflag & IUCLC) !== 0 && (lflag & IEXTEN) !== 0 && byte >= 0x41 && byte <= 0x5a) byte += 32;
  if (terminal.literal) {
    terminal.literal = false;
    store(terminal, byte, out);
    return;
  }
  if ((iflag & IXON) !== 0) {
    if (is(terminal, byte, VSTART)) {
      startOutput(kernel, terminal);
      return;
    }
    if (is(terminal, byte, VSTOP)) {
      deliver(kernel, terminal, out);
      stopOutput(kernel, terminal);
      return;
    }
  }
  if ((lflag & ISIG) !== 0) {
    const signal = is(terminal, byte, VINTR)
      ? SIGINT
      : is(terminal, byte, VQUIT)
        ? SIGQUIT
        : is(terminal, byte, VSUSP)
          ? SIGTSTP
          : 0;
    if (signal !== 0) {
      interrupt(kernel, terminal, signal, byte, out);
      return;
    }
  }
  if ((iflag & (IXON | IXANY)) === (IXON | IXANY)) startOutput(kernel, terminal);
  if (byte === RETURN) {
    if ((iflag & IGNCR) !== 0) return;
    if ((iflag & ICRNL) !== 0) byte = NEWLINE;
  } else if (byte === NEWLINE && (iflag & INLCR) !== 0) {
    byte = RETURN;
  }
  if ((lflag & ICANON) !== 0 && edit(terminal, byte, out)) return;
  store(terminal, byte, out);
}

/** Take `count` bytes of input from `from` on, echo them, and wake who may read. */
export function receive(kernel: Kernel, terminal: Terminal, from: Uint8Array, count: number): void {
  const out = createOutput(count);
  for (let i = 0; i < count; i++) receiveByte(kernel, terminal, from[i] as number, out);
  deliver(kernel, terminal, out);
  terminal.lastInput = kernel.clock.monotonic();
  if (terminal.lines.length > 0 || terminal.input.length > 0) {
    kernel.waits.wake(terminal.readEvent, EVERYONE);
  }
}
