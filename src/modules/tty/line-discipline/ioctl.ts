/**
 * The requests of tty_ioctl(4) on either side of a terminal.
 *
 * A master's requests act on its slave's settings. Holds the dispatch; layouts and effects of settings are in
 * settings.ts. Opening a slave through its master (TIOCGPTPEER) is vfs's.
 */
import { EINVAL, EIO, ENOTTY, EPERM } from '../../../abi/linux/errno.ts';
import { CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import { FIONREAD, TIOCSCTTY } from '../../../abi/linux/ioctl.ts';
import { NSIG, SIGTTOU } from '../../../abi/linux/signal.ts';
import * as T from '../../../abi/linux/termios.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Terminal, Termios } from '../../../contracts/tty.ts';
import { flushInput, flushOutput, signalGroup, startOutput, stopOutput } from './input.ts';
import { checkForeground, disconnect, endSession } from './job-control.ts';
import { createOutput, deliver, put } from './output.ts';
import { setForeground, takeTerminal } from './session.ts';
import * as settings from './settings.ts';

const PTS_MAJOR = 136;
const CONSOLE_MAJOR = 5;
const CONSOLE_MINOR = 1;

/** Set the terminal's settings from user memory. @param kind which of the three structs, by size */
function setTermios(
  kernel: Kernel,
  tid: number,
  terminal: Terminal,
  argument: number,
  size: number,
  flush: boolean,
): number {
  const allowed = checkForeground(kernel, tid, terminal, SIGTTOU);
  if (allowed !== 0) return allowed;
  const bytes = new Uint8Array(size);
  const error = kernel.user.read(tid, argument, bytes);
  if (error !== 0) return error;
  const termios: Termios =
    size === T.TERMIO_SIZE ? settings.unpackTermio(bytes, terminal.termios) : settings.unpackTermios(bytes);
  if (flush) flushInput(kernel, terminal);
  settings.applyTermios(kernel, terminal, termios);
  return 0;
}

function flow(kernel: Kernel, terminal: Terminal, action: number): number {
  if (action === T.TCOOFF) stopOutput(kernel, terminal);
  else if (action === T.TCOON) startOutput(kernel, terminal);
  else if (action === T.TCIOFF || action === T.TCION) {
    const byte = terminal.termios.cc[action === T.TCIOFF ? T.VSTOP : T.VSTART] as number;
    const out = createOutput(1);
    if (byte !== 0) put(out, byte);
    deliver(kernel, terminal, out);
  } else return -EINVAL;
  return 0;
}

function flush(kernel: Kernel, terminal: Terminal, queue: number): number {
  if (queue !== T.TCIFLUSH && queue !== T.TCOFLUSH && queue !== T.TCIOFLUSH) return -EINVAL;
  if (queue !== T.TCOFLUSH) flushInput(kernel, terminal);
  if (queue !== T.TCIFLUSH) flushOutput(kernel, terminal);
  return 0;
}

/** Requests that only the master of a pseudo-terminal knows. @returns null for any other */
function masterIoctl(
  kernel: Kernel,
  tid: number,
  terminal: Terminal,
  request: number,
  argument: number,
): number | null {
  const { user } = kernel;
  switch (request) {
    case T.TIOCGPTN:
      return user.writeU32(tid, argument, terminal.id);
    case T.TIOCGPTLCK:
      return user.writeU32(tid, argument, terminal.locked ? 1 : 0);
    case T.TIOCGPKT:
      return user.writeU32(tid, argument, terminal.packet ? 1 : 0);
    case T.TIOCSPTLCK:
    case T.TIOCPKT: {
      const error = user.readU32(tid, argument);
      if (error !== 0) return error;
      if (request === T.TIOCSPTLCK) terminal.locked = user.value !== 0;
      else {
        if (user.value !== 0 && !terminal.packet) terminal.packetStatus = 0;
        terminal.packet = user.value !== 0;
      }
      return 0;
    }
    case T.TIOCSIG:
      if (argument < 1 || argument > NSIG) return -EINVAL;
      signalGroup(kernel, terminal.pgrp, argument);
      return 0;
    default:
      return null;
  }
}

function readSettings(
  kernel: Kernel,
  tid: number,
  terminal: Terminal,
  request: number,
  argument: number,
): number {
  const { termios } = terminal;
  if (request === T.TIOCGWINSZ) return kernel.user.write(tid, argument, settings.packWindow(terminal));
  if (request === T.TCGETA) return kernel.user.write(tid, argument, settings.packTermio(termios));
  const size = request === T.TCGETS2 ? T.TERMIOS2_SIZE : T.TERMIOS_SIZE;
  return kernel.user.write(tid, argument, settings.packTermios(termios, size));
}

export function terminalIoctl(
  kernel: Kernel,
  tid: number,
  terminal: Terminal,
  master: boolean,
  request: number,
  argument: number,
): number {
  const { user } = kernel;
  if (terminal.hungUp && !master) return request === T.TIOCSPGRP ? -ENOTTY : -EIO;
  const owned = kernel.process.group(tid).tty === terminal.id;
  if (master) {
    const result = masterIoctl(kernel, tid, terminal, request >>> 0, argument);
    if (result !== null) return result;
  }
  switch (request >>> 0) {
    case T.TCGETS:
    case T.TCGETS2:
    case T.TCGETA:
    case T.TIOCGWINSZ:
      return readSettings(kernel, tid, terminal, request >>> 0, argument);
    case T.TCSETS:
    case T.TCSETSW:
      return setTermios(kernel, tid, terminal, argument, T.TERMIOS_SIZE, false);
    case T.TCSETSF:
      return setTermios(kernel, tid, terminal, argument, T.TERMIOS_SIZE, true);
    case T.TCSETS2:
    case T.TCSETSW2:
      return setTermios(kernel, tid, terminal, argument, T.TERMIOS2_SIZE, false);
    case T.TCSETSF2:
      return setTermios(kernel, tid, terminal, argument, T.TERMIOS2_SIZE, true);
    case T.TCSETA:
    case T.TCSETAW:
      return setTermios(kernel, tid, terminal, argument, T.TERMIO_SIZE, false);
    case T.TCSETAF:
      return setTermios(kernel, tid, terminal, argument, T.TERMIO_SIZE, true);
    case T.TIOCSWINSZ: {
      const bytes = new Uint8Array(T.WINSIZE_SIZE);
      const error = user.read(tid, argument, bytes);
      if (error === 0) settings.applyWindow(kernel, terminal, bytes);
      return error;
    }
    case T.TIOCGPGRP:
      return master || owned ? user.writeU32(tid, argument, terminal.pgrp) : -ENOTTY;
    case T.TIOCSPGRP:
      return setForeground(kernel, tid, terminal, argument);
    case T.TIOCGSID:
      return (master || owned) && terminal.sid !== 0 ? user.writeU32(tid, argument, terminal.sid) : -ENOTTY;
    case TIOCSCTTY:
      return takeTerminal(kernel, tid, terminal, argument === 1);
    case T.TIOCNOTTY: {
      if (!owned) return -ENOTTY;
      const group = kernel.process.group(tid);
      if (group.sid === group.tgid) endSession(kernel, terminal, false);
      return 0;
    }
    case T.TIOCVHANGUP:
      if (!kernel.process.capable(tid, CAP_SYS_ADMIN)) return -EPERM;
      endSession(kernel, terminal, true);
      disconnect(kernel, terminal);
      return 0;
    case FIONREAD: {
      const lines = (terminal.termios.lflag & T.ICANON) !== 0 && !master;
      const count = lines
        ? terminal.lines.reduce((sum, length) => sum + length, 0)
        : (master ? terminal.output : terminal.input).length;
      return user.writeU32(tid, argument, count);
    }
    case T.TIOCOUTQ:
      return user.writeU32(tid, argument, master ? 0 : terminal.output.length);
    case T.TCFLSH: {
      const allowed = checkForeground(kernel, tid, terminal, SIGTTOU);
      return allowed !== 0 ? allowed : flush(kernel, terminal, argument);
    }
    case T.TCXONC: {
      const allowed = checkForeground(kernel, tid, terminal, SIGTTOU);
      return allowed !== 0 ? allowed : flow(kernel, terminal, argument);
    }
    case T.TCSBRK:
    case T.TCSBRKP:
      return checkForeground(kernel, tid, terminal, SIGTTOU);
    case T.TIOCEXCL:
      terminal.exclusive = true;
      return 0;
    case T.TIOCNXCL:
      terminal.exclusive = false;
      return 0;
    case T.TIOCGEXCL:
      return user.writeU32(tid, argument, terminal.exclusive ? 1 : 0);
    case T.TIOCGETD:
      return user.writeU32(tid, argument, 0);
    case T.TIOCSETD: {
      const error = user.readU32(tid, argument);
      return error !== 0 ? error : user.value === 0 ? 0 : -EINVAL;
    }
    case T.TIOCGDEV: {
      const device = terminal.console ? CONSOLE_MAJOR * 256 + CONSOLE_MINOR : PTS_MAJOR * 256 + terminal.id;
      return user.writeU32(tid, argument, device);
    }
    case T.TIOCSTI:
      return -EPERM;
    default:
      return -ENOTTY;
  }
}
