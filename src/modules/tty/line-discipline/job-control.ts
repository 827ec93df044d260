/**
 * Job control: which processes may use a terminal now, and its session.
 *
 * A background process group that reads, or writes under TOSTOP, gets a signal that stops it; its call waits and runs
 * again when it is continued. Source: tty_ioctl(4), credentials(7), POSIX.1 "Terminal access control".
 */
import { EIO } from '../../../abi/linux/errno.ts';
import { lowBit, SIG_IGN, SIGCONT, SIGHUP, SIGTTIN } from '../../../abi/linux/signal.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Terminal } from '../../../contracts/tty.ts';
import { EVERYONE, resumeOutput } from './output.ts';
import { signalGroup } from './input.ts';

/**
 * May the thread use its terminal? @param signal SIGTTIN to read, SIGTTOU to write or change it
 * @returns 0, -EIO, or WAIT after sending the signal
 */
export function checkForeground(kernel: Kernel, tid: number, terminal: Terminal, signal: number): number {
  const group = kernel.process.group(tid);
  if (group.tty !== terminal.id || terminal.pgrp === 0 || group.pgid === terminal.pgrp) return 0;
  const blocked = (kernel.process.thread(tid).maskLow & lowBit(signal)) !== 0;
  if (blocked || kernel.process.action(tid, signal).handler === SIG_IGN) return signal === SIGTTIN ? -EIO : 0;
  if (kernel.process.orphaned(group.pgid)) return -EIO;
  // Run again because of that very signal: it was sent, the call is now broken off.
  if (!kernel.waits.interrupted(tid)) signalGroup(kernel, group.pgid, signal);
  kernel.waits.on(terminal.readEvent);
  kernel.waits.restart('restart');
  return WAIT;
}

/** The terminal leaves its session: its processes lose it; the foreground is told, the leader too if it lives on. */
export function endSession(kernel: Kernel, terminal: Terminal, leader: boolean): void {
  const { pgrp, sid } = terminal;
  terminal.pgrp = 0;
  terminal.sid = 0;
  if (sid !== 0 && kernel.process.findGroup(sid) !== null) {
    kernel.process.setTerminal(sid, -1);
    if (leader && pgrp !== sid) hangUpGroup(kernel, sid);
  }
  hangUpGroup(kernel, pgrp);
}

/** SIGCONT follows, so that a stopped process sees the SIGHUP. */
function hangUpGroup(kernel: Kernel, pgrp: number): void {
  signalGroup(kernel, pgrp, SIGHUP);
  signalGroup(kernel, pgrp, SIGCONT);
}

/** Nothing more comes in and nothing goes out; whoever waits finds that out. */
export function disconnect(kernel: Kernel, terminal: Terminal): void {
  terminal.hungUp = true;
  resumeOutput(kernel, terminal);
  kernel.waits.wake(terminal.readEvent, EVERYONE);
  kernel.waits.wake(terminal.writeEvent, EVERYONE);
  kernel.waits.wake(terminal.masterEvent, EVERYONE);
}
