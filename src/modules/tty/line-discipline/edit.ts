/**
 * Editing of the line that is being typed: echo, erase, kill, word erase, reprint.
 *
 * Holds what canonical mode does to `pending` and to the screen. Source: termios(3), "canonical mode"; the columns of
 * erased tabs are found by measuring the line again from where it began.
 */
import {
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHOPRT,
  VERASE,
  VKILL,
  VWERASE,
} from '../../../abi/linux/termios.ts';
import type { Terminal } from '../../../contracts/tty.ts';
import { continues, isControl, type Output, process } from './output.ts';

const TAB = 9;
const NEWLINE = 10;
const BACKSPACE = 8;
const SPACE = 32;

/** Echo a character; a control character as ^X under ECHOCTL. */
export function echo(terminal: Terminal, byte: number, out: Output): void {
  if ((terminal.termios.lflag & ECHOCTL) !== 0 && isControl(byte) && byte !== TAB) {
    process(terminal, 0x5e, out);
    process(terminal, byte ^ 0x40, out);
  } else {
    process(terminal, byte, out);
  }
}

/** Add a character to the line, echoing it. */
export function append(terminal: Terminal, byte: number, out: Output): void {
  if ((terminal.termios.lflag & ECHO) !== 0) {
    if (terminal.pending.length === 0) terminal.lineColumn = terminal.column;
    if (byte === NEWLINE) process(terminal, byte, out);
    else echo(terminal, byte, out);
  }
  terminal.pending.push(byte);
}

const isWord = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x5f ||
  byte >= 0x80;

/** The column after the line as it is now. */
function columnAfter(terminal: Terminal): number {
  const controls = (terminal.termios.lflag & ECHOCTL) !== 0;
  let column = terminal.lineColumn;
  for (const byte of terminal.pending) {
    if (byte === TAB) column += 8 - (column & 7);
    else if (isControl(byte)) column += controls ? 2 : 0;
    else if (!continues(terminal, byte)) column++;
  }
  return column;
}

function rubOut(terminal: Terminal, out: Output): void {
  process(terminal, BACKSPACE, out);
  process(terminal, SPACE, out);
  process(terminal, BACKSPACE, out);
}

function eraseOnScreen(terminal: Terminal, byte: number, out: Output): void {
  if (byte === TAB) {
    const column = columnAfter(terminal);
    while (terminal.column > column) process(terminal, BACKSPACE, out);
    return;
  }
  const controls = (terminal.termios.lflag & ECHOCTL) !== 0;
  if (isControl(byte) && controls) rubOut(terminal, out);
  if (!isControl(byte) || controls) rubOut(terminal, out);
}

/** VERASE, VWERASE or VKILL was typed. @param kind index into c_cc */
export function erase(terminal: Terminal, kind: number, out: Output): void {
  const { lflag, cc } = terminal.termios;
  const { pending } = terminal;
  if (pending.length === 0) return;
  if (kind === VKILL) {
    if ((lflag & ECHO) === 0) {
      terminal.pending = [];
      return;
    }
    if ((lflag & (ECHOK | ECHOKE | ECHOE)) !== (ECHOK | ECHOKE | ECHOE)) {
      terminal.pending = [];
      echo(terminal, cc[VKILL] as number, out);
      if ((lflag & ECHOK) !== 0) process(terminal, NEWLINE, out);
      return;
    }
  }
  let sawWord = false;
  while (pending.length > 0) {
    let start = pending.length - 1;
    while (start > 0 && continues(terminal, pending[start] as number)) start--;
    const byte = pending[start] as number;
    if (continues(terminal, byte)) break;
    if (kind === VWERASE) {
      if (isWord(byte)) sawWord = true;
      else if (sawWord) break;
    }
    pending.splice(start);
    if ((lflag & ECHO) !== 0) {
      if (kind === VERASE && (lflag & ECHOE) === 0) echo(terminal, cc[VERASE] as number, out);
      else if ((lflag & ECHOPRT) !== 0) echo(terminal, byte, out);
      else eraseOnScreen(terminal, byte, out);
    }
    if (kind === VERASE) break;
  }
}

/** VREPRINT was typed: show the line again below. */
export function reprint(terminal: Terminal, byte: number, out: Output): void {
  echo(terminal, byte, out);
  process(terminal, NEWLINE, out);
  for (const each of terminal.pending) echo(terminal, each, out);
}
