/**
 * struct termios, termios2, termio and winsize between user memory and a terminal, and what a change of them entails.
 *
 * Source: termios(3), tty_ioctl(4). Speeds follow the bits of c_cflag: no line has one.
 */
import { SIGWINCH } from '../../../abi/linux/signal.ts';
import {
  BAUD_RATES,
  CBAUD,
  CREAD,
  CS8,
  CSIZE,
  ICANON,
  IXON,
  NCCS,
  PARENB,
  TERMIO_CC,
  TERMIO_LINE,
  TERMIO_NCC,
  TERMIO_SIZE,
  TERMIOS2_ISPEED,
  TERMIOS2_OSPEED,
  TERMIOS_CC,
  TERMIOS_LINE,
  TIOCPKT_DOSTOP,
  TIOCPKT_NOSTOP,
  VSTART,
  VSTOP,
  WINSIZE_SIZE,
} from '../../../abi/linux/termios.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createTermios, type Terminal, type Termios } from '../../../contracts/tty.ts';
import { notePacket, signalGroup, startOutput } from './input.ts';
import { EVERYONE } from './output.ts';

const CBAUDEX_BIT = 0x1000;

function baudRate(cflag: number): number {
  const index = cflag & CBAUD;
  return BAUD_RATES[(index & CBAUDEX_BIT) === 0 ? index : (index & 15) + 16] ?? 0;
}

/** Lay out struct termios (36 bytes) or termios2 (44). */
export function packTermios(termios: Termios, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, termios.iflag, true);
  view.setUint32(4, termios.oflag, true);
  view.setUint32(8, termios.cflag, true);
  view.setUint32(12, termios.lflag, true);
  bytes[TERMIOS_LINE] = termios.line;
  bytes.set(termios.cc, TERMIOS_CC);
  if (size > TERMIOS2_ISPEED) {
    view.setUint32(TERMIOS2_ISPEED, baudRate(termios.cflag), true);
    view.setUint32(TERMIOS2_OSPEED, baudRate(termios.cflag), true);
  }
  return bytes;
}

export function unpackTermios(bytes: Uint8Array): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const termios = createTermios();
  termios.iflag = view.getUint32(0, true);
  termios.oflag = view.getUint32(4, true);
  termios.cflag = view.getUint32(8, true);
  termios.lflag = view.getUint32(12, true);
  termios.line = bytes[TERMIOS_LINE] as number;
  termios.cc.set(bytes.subarray(TERMIOS_CC, TERMIOS_CC + NCCS));
  return termios;
}

/** The older struct termio: the low halves of the flags. */
export function packTermio(termios: Termios): Uint8Array {
  const bytes = new Uint8Array(TERMIO_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, termios.iflag, true);
  view.setUint16(2, termios.oflag, true);
  view.setUint16(4, termios.cflag, true);
  view.setUint16(6, termios.lflag, true);
  bytes[TERMIO_LINE] = termios.line;
  bytes.set(termios.cc.subarray(0, TERMIO_NCC), TERMIO_CC);
  return bytes;
}

export function unpackTermio(bytes: Uint8Array, before: Termios): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const merge = (old: number, low: number): number => ((old & 0xffff0000) | low) >>> 0;
  const termios = createTermios();
  termios.iflag = merge(before.iflag, view.getUint16(0, true));
  termios.oflag = merge(before.oflag, view.getUint16(2, true));
  termios.cflag = merge(before.cflag, view.getUint16(4, true));
  termios.lflag = merge(before.lflag, view.getUint16(6, true));
  termios.line = bytes[TERMIO_LINE] as number;
  termios.cc.set(before.cc);
  termios.cc.set(bytes.subarray(TERMIO_CC, TERMIO_CC + TERMIO_NCC));
  return termios;
}

/** Put new settings in force: what is there changes between lines and bytes, output that IXON held flows. */
export function applyTermios(kernel: Kernel, terminal: Terminal, termios: Termios): void {
  const before = terminal.termios;
  if (!terminal.console) termios.cflag = ((termios.cflag & ~(CSIZE | PARENB)) | CS8 | CREAD) >>> 0;
  terminal.termios = termios;
  if (((before.lflag ^ termios.lflag) & ICANON) !== 0) {
    if ((termios.lflag & ICANON) === 0) {
      for (const byte of terminal.pending) terminal.input.push(byte);
      terminal.pending = [];
      terminal.lines = [];
    } else if (terminal.input.length > 0) {
      terminal.lines = [terminal.input.length];
    }
  }
  if ((before.iflag & IXON) !== 0 && (termios.iflag & IXON) === 0) startOutput(kernel, terminal);
  const stops = (each: Termios): boolean =>
    (each.iflag & IXON) !== 0 && each.cc[VSTOP] === 0x13 && each.cc[VSTART] === 0x11;
  if (stops(before) !== stops(termios))
    notePacket(kernel, terminal, stops(termios) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
  // VMIN may be less now.
  kernel.waits.wake(terminal.readEvent, EVERYONE);
}

export function packWindow(terminal: Terminal): Uint8Array {
  const bytes = new Uint8Array(WINSIZE_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, terminal.rows, true);
  view.setUint16(2, terminal.columns, true);
  view.setUint16(4, terminal.pixelWidth, true);
  view.setUint16(6, terminal.pixelHeight, true);
  return bytes;
}

/** TIOCSWINSZ: the foreground hears of a change. */
export function applyWindow(kernel: Kernel, terminal: Terminal, bytes: Uint8Array): void {
  if (packWindow(terminal).every((byte, i) => byte === bytes[i])) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  terminal.rows = view.getUint16(0, true);
  terminal.columns = view.getUint16(2, true);
  terminal.pixelWidth = view.getUint16(4, true);
  terminal.pixelHeight = view.getUint16(6, true);
  signalGroup(kernel, terminal.pgrp, SIGWINCH);
}
