/**
 * The line-discipline tty module: a console, pseudo-terminals and host streams with Linux's N_TTY behaviour.
 *
 * Holds which terminals exist and how their ends open and close; the parts beside do the rest. State: `TtyState`.
 */
import { EBUSY, EIO, ENOSPC, ENXIO } from '../../../abi/linux/errno.ts';
import { SIGWINCH } from '../../../abi/linux/signal.ts';
import {
  DEFAULT_CC,
  DEFAULT_CFLAG,
  DEFAULT_IFLAG,
  DEFAULT_LFLAG,
  DEFAULT_OFLAG,
  HUPCL,
  IUTF8,
} from '../../../abi/linux/termios.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Module } from '../../../contracts/module.ts';
import { createTerminal, type Terminal, type Tty, type TtyState, ttyLayout } from '../../../contracts/tty.ts';
import { KernelFault } from '../../../lib/kernel-fault.ts';
import { signalGroup } from './input.ts';
import { terminalIoctl } from './ioctl.ts';
import { disconnect, endSession } from './job-control.ts';
import { pollMaster, readMaster, writeMaster } from './master.ts';
import { EVERYONE } from './output.ts';
import { pollSlave, readSlave, writeSlave } from './slave.ts';
import { requestConsole, streamOperations } from './streams.ts';

const CONSOLE = 0;
const MOST_PAIRS = 4096;

function makeTerminal(state: TtyState, kernel: Kernel, id: number): Terminal {
  const terminal = createTerminal();
  terminal.id = id;
  terminal.console = id === CONSOLE;
  terminal.termios.iflag = DEFAULT_IFLAG;
  terminal.termios.oflag = DEFAULT_OFLAG;
  terminal.termios.cflag = DEFAULT_CFLAG;
  terminal.termios.lflag = DEFAULT_LFLAG;
  terminal.termios.cc.set(DEFAULT_CC);
  terminal.readEvent = kernel.waits.newEvent();
  terminal.writeEvent = kernel.waits.newEvent();
  terminal.masterEvent = kernel.waits.newEvent();
  state.terminals.set(id, terminal);
  return terminal;
}

function create(state: TtyState, kernel: Kernel): Tty {
  const find = (id: number): Terminal => {
    const terminal = state.terminals.get(id);
    if (terminal === undefined) throw new KernelFault(`no tty ${id}`);
    return terminal;
  };
  const free = (terminal: Terminal): void => {
    if (!terminal.console && !terminal.masterOpen && terminal.slaveOpens === 0)
      state.terminals.delete(terminal.id);
  };
  const streams = streamOperations(state, kernel);

  return {
    openConsole(rows, columns) {
      if (state.terminals.has(CONSOLE)) return;
      const terminal = makeTerminal(state, kernel, CONSOLE);
      terminal.termios.iflag |= IUTF8;
      terminal.termios.cflag |= HUPCL;
      terminal.rows = rows;
      terminal.columns = columns;
      requestConsole(state, kernel, terminal);
    },
    openPair() {
      let id = 1;
      while (state.terminals.has(id)) id++;
      if (id > MOST_PAIRS) return -ENOSPC;
      const terminal = makeTerminal(state, kernel, id);
      terminal.rows = 0;
      terminal.columns = 0;
      terminal.masterOpen = true;
      terminal.locked = true;
      return id;
    },
    openSlave(id) {
      const terminal = state.terminals.get(id);
      if (terminal === undefined) return -ENXIO;
      if (!terminal.console && (!terminal.masterOpen || terminal.locked)) return -EIO;
      if (terminal.exclusive) return -EBUSY;
      terminal.slaveOpens++;
      terminal.slaveClosed = false;
      // A new opening is a new start, though what an ended session left behind may still hold the console.
      if (terminal.console && terminal.hungUp) {
        terminal.hungUp = false;
        requestConsole(state, kernel, terminal);
      }
      return 0;
    },
    closeSlave(id) {
      const terminal = find(id);
      terminal.slaveOpens--;
      if (terminal.slaveOpens > 0) return;
      terminal.slaveClosed = !terminal.console;
      terminal.exclusive = false;
      terminal.stopped = false;
      kernel.waits.wake(terminal.masterEvent, EVERYONE);
      free(terminal);
    },
    closeMaster(id) {
      const terminal = find(id);
      terminal.masterOpen = false;
      terminal.output = [];
      endSession(kernel, terminal, true);
      disconnect(kernel, terminal);
      free(terminal);
    },
    read(tid, id, into, nonBlocking) {
      const terminal = find(id);
      const count = readSlave(kernel, tid, terminal, into, nonBlocking);
      if (terminal.console) requestConsole(state, kernel, terminal);
      return count;
    },
    write: (tid, id, from, skip, nonBlocking) => writeSlave(kernel, tid, find(id), from, skip, nonBlocking),
    readMaster: (id, into, nonBlocking) => readMaster(kernel, find(id), into, nonBlocking),
    writeMaster: (id, from, skip, nonBlocking) => writeMaster(kernel, find(id), from, skip, nonBlocking),
    poll: (id, master) => (master ? pollMaster(find(id)) : pollSlave(find(id))),
    arm(id, master) {
      const terminal = find(id);
      if (master) kernel.waits.on(terminal.masterEvent);
      else {
        kernel.waits.on(terminal.readEvent);
        kernel.waits.on(terminal.writeEvent);
      }
    },
    ioctl: (tid, id, master, request, argument) =>
      terminalIoctl(kernel, tid, find(id), master, request, argument),
    list: () => [...state.terminals.keys()].sort((a, b) => a - b),
    foreground: (id) => state.terminals.get(id)?.pgrp ?? 0,
    resize(rows, columns) {
      const terminal = state.terminals.get(CONSOLE);
      if (terminal === undefined || (terminal.rows === rows && terminal.columns === columns)) return;
      terminal.rows = rows;
      terminal.columns = columns;
      signalGroup(kernel, terminal.pgrp, SIGWINCH);
    },
    hangUp(id) {
      const terminal = state.terminals.get(id);
      if (terminal === undefined) return;
      endSession(kernel, terminal, false);
      if (terminal.slaveOpens > 0) disconnect(kernel, terminal);
    },
    readStream: streams.readStream,
    writeStream: streams.writeStream,
    pollStream: streams.pollStream,
    armStream: streams.armStream,
    completed: streams.completed,
  };
}

export const lineDisciplineTty: Module<Tty, TtyState> = {
  manifest: {
    slot: 'tty',
    name: 'line-discipline',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: { engine: 1, clock: 1, process: 1 },
    description: 'console and pseudo-terminals with line editing and job control',
  },
  layout: ttyLayout,
  create,
};

export default lineDisciplineTty;
