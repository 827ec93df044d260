/**
 * Output processing of the line discipline (OPOST), and where what comes out goes.
 *
 * Holds how a byte becomes what the screen gets and how the column is kept; not who may write. Source: termios(3),
 * "output modes".
 */
import {
  IUTF8,
  OCRNL,
  OLCUC,
  ONLCR,
  ONLRET,
  ONOCR,
  OPOST,
  TABDLY,
  XTABS,
} from '../../../abi/linux/termios.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Terminal } from '../../../contracts/tty.ts';

/** Output that the master of a pseudo-terminal has not read may grow to this, beyond it writers wait. Echo may pass it. */
export const OUTPUT_LIMIT = 4096;
export const EVERYONE = 0x7fffffff;

const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
const BACKSPACE = 8;
const SPACE = 32;

/** Bytes on their way out within one kernel entry. */
export interface Output {
  bytes: Uint8Array;
  length: number;
}

export const createOutput = (expected: number): Output => ({
  bytes: new Uint8Array(expected + 64),
  length: 0,
});

export const isControl = (byte: number): boolean => byte < SPACE || byte === 0x7f;

/** A byte that goes on with the UTF-8 character before it. */
export const continues = (terminal: Terminal, byte: number): boolean =>
  (terminal.termios.iflag & IUTF8) !== 0 && (byte & 0xc0) === 0x80;

/** Append a byte as it is. */
export function put(out: Output, byte: number): void {
  if (out.length === out.bytes.length) {
    const grown = new Uint8Array(out.bytes.length * 2);
    grown.set(out.bytes);
    out.bytes = grown;
  }
  out.bytes[out.length++] = byte;
}

/** Append a byte after output processing. */
export function process(terminal: Terminal, byte: number, out: Output): void {
  const flags = terminal.termios.oflag;
  if ((flags & OPOST) === 0) {
    put(out, byte);
    return;
  }
  if (byte > SPACE && byte < 0x7f && (flags & OLCUC) === 0) {
    terminal.column++;
    put(out, byte);
    return;
  }
  switch (byte) {
    case NEWLINE:
      if ((flags & (ONLRET | ONLCR)) !== 0) terminal.column = 0;
      if ((flags & ONLCR) !== 0) put(out, RETURN);
      terminal.lineColumn = terminal.column;
      break;
    case RETURN:
      if ((flags & ONOCR) !== 0 && terminal.column === 0) return;
      if ((flags & OCRNL) !== 0) {
        if ((flags & ONLRET) !== 0) terminal.column = 0;
        put(out, NEWLINE);
        return;
      }
      terminal.column = 0;
      terminal.lineColumn = 0;
      break;
    case TAB: {
      const spaces = 8 - (terminal.column & 7);
      terminal.column += spaces;
      if ((flags & TABDLY) === XTABS) {
        for (let i = 0; i < spaces; i++) put(out, SPACE);
        return;
      }
      break;
    }
    case BACKSPACE:
      if (terminal.column > 0) terminal.column--;
      break;
    default:
      if (isControl(byte)) break;
      if (!continues(terminal, byte)) terminal.column++;
      if ((flags & OLCUC) !== 0 && byte >= 0x61 && byte <= 0x7a) {
        put(out, byte - 32);
        return;
      }
  }
  put(out, byte);
}

/** Hand processed bytes to the host or to the master; held back while output is stopped. */
export function deliver(kernel: Kernel, terminal: Terminal, out: Output): void {
  if (out.length === 0) return;
  if (terminal.console && !terminal.stopped) {
    kernel.host.output(1, out.bytes.subarray(0, out.length));
  } else {
    for (let i = 0; i < out.length; i++) terminal.output.push(out.bytes[i] as number);
    kernel.waits.wake(terminal.masterEvent, EVERYONE);
  }
  out.length = 0;
}

/** Let output flow again (VSTART, TCOON). */
export function resumeOutput(kernel: Kernel, terminal: Terminal): void {
  if (!terminal.stopped) return;
  terminal.stopped = false;
  if (terminal.console && terminal.output.length > 0) {
    kernel.host.output(1, Uint8Array.from(terminal.output));
    terminal.output = [];
  }
  kernel.waits.wake(terminal.writeEvent, EVERYONE);
  kernel.waits.wake(terminal.masterEvent, EVERYONE);
}
