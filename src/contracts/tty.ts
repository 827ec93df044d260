/**
 * Contract `tty`: terminals and their line discipline, pseudo-terminals, and the raw host streams.
 *
 * Policy here: line editing and echo. Mechanism, fixed: bytes come from the host by `completed` and go to it by
 * `Host.output`. tty 0 is the console; a pseudo-terminal's id is its number in /dev/pts. An open by a session leader
 * without O_NOCTTY is followed by ioctl(TIOCSCTTY) by whoever opens. Source: termios(3), tty_ioctl(4), pty(7).
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import type { HostResult } from './host.ts';
import type { Spans } from './kernel.ts';
import { array, bool, int, map, record, uint8s } from './schema.ts';

/** The kernel's struct termios: four flag words, line discipline, 19 control characters. */
export interface Termios {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  line: number;
  cc: Uint8Array;
}

export interface Terminal {
  /** 0 for the console; N for the pseudo-terminal /dev/pts/N, from 1 up. */
  id: number;
  /** False for a pseudo-terminal: its output goes to `master` instead of the host. */
  console: boolean;
  termios: Termios;
  rows: number;
  columns: number;
  pixelWidth: number;
  pixelHeight: number;
  /** Foreground process group and session; 0 = none. */
  pgrp: number;
  sid: number;
  /** Bytes ready to be read; in canonical mode whole lines, each length in `lines` (an end of file is a line of 0). */
  input: number[];
  lines: number[];
  /** The line being edited. */
  pending: number[];
  /** Output column, for tabs and erasing; and where the line being edited began. */
  column: number;
  lineColumn: number;
  /** The next character is literal (VLNEXT). */
  literal: boolean;
  /** Output is held back (VSTOP, TCOOFF). */
  stopped: boolean;
  /** When the last byte came in, monotonic ns (VTIME between bytes). */
  lastInput: number;
  /** Output that the master of a pseudo-terminal has not read; of a console what was echoed while stopped. */
  output: number[];
  readEvent: number;
  writeEvent: number;
  masterEvent: number;
  slaveOpens: number;
  masterOpen: boolean;
  /** The slave side was open and its last opening is closed. */
  slaveClosed: boolean;
  locked: boolean;
  /** TIOCEXCL. */
  exclusive: boolean;
  packet: boolean;
  /** TIOCPKT_ bits that the master has not read. */
  packetStatus: number;
  /** The host or the master has closed its side, or the session ended: end of file, no more output. */
  hungUp: boolean;
}

/** A host stream that is not a terminal: 0 input, 1 output, 2 error output. */
export interface Stream {
  input: Uint8Array;
  event: number;
  /** Id of the request for input that is under way, or -1. */
  request: number;
  ended: boolean;
}

export interface TtyState {
  terminals: Map<number, Terminal>;
  stream: Stream;
  /** Id of the console's request for input that is under way, or -1. */
  consoleRequest: number;
}

export const createTermios = (): Termios => ({
  iflag: 0,
  oflag: 0,
  cflag: 0,
  lflag: 0,
  line: 0,
  cc: new Uint8Array(19),
});
export const createTerminal = (): Terminal => ({
  id: 0,
  console: false,
  termios: createTermios(),
  rows: 24,
  columns: 80,
  pixelWidth: 0,
  pixelHeight: 0,
  pgrp: 0,
  sid: 0,
  input: [],
  lines: [],
  pending: [],
  column: 0,
  lineColumn: 0,
  literal: false,
  stopped: false,
  lastInput: 0,
  output: [],
  readEvent: 0,
  writeEvent: 0,
  masterEvent: 0,
  slaveOpens: 0,
  masterOpen: false,
  slaveClosed: false,
  locked: false,
  exclusive: false,
  packet: false,
  packetStatus: 0,
  hungUp: false,
});
const createStream = (): Stream => ({ input: new Uint8Array(0), event: 0, request: -1, ended: false });
const blank = (): TtyState => ({ terminals: new Map(), stream: createStream(), consoleRequest: -1 });

export const ttyLayout: StateLayout<TtyState> = layout(
  'tty',
  record<TtyState>(
    {
      terminals: map(
        int(),
        record<Terminal>(
          {
            id: int(),
            console: bool(),
            termios: record<Termios>(
              { iflag: int(), oflag: int(), cflag: int(), lflag: int(), line: int(), cc: uint8s() },
              createTermios,
            ),
            rows: int(),
            columns: int(),
            pixelWidth: int(),
            pixelHeight: int(),
            pgrp: int(),
            sid: int(),
            input: array(int()),
            lines: array(int()),
            pending: array(int()),
            column: int(),
            lineColumn: int(),
            literal: bool(),
            stopped: bool(),
            lastInput: int(),
            output: array(int()),
            readEvent: int(),
            writeEvent: int(),
            masterEvent: int(),
            slaveOpens: int(),
            masterOpen: bool(),
            slaveClosed: bool(),
            locked: bool(),
            exclusive: bool(),
            packet: bool(),
            packetStatus: int(),
            hungUp: bool(),
          },
          createTerminal,
        ),
      ),
      stream: record<Stream>({ input: uint8s(), event: int(), request: int(), ended: bool() }, createStream),
      consoleRequest: int(),
    },
    blank,
  ),
  blank,
);

export interface Tty {
  /** Make the console, with this size; once at boot if a terminal is attached. */
  openConsole(rows: number, columns: number): void;
  /** A new pseudo-terminal pair with its master open. @returns its id or -ENOSPC */
  openPair(): number;
  /** Count an opening of the slave side. @returns 0, -EIO (the master is gone or it is locked), -EBUSY (TIOCEXCL), -ENXIO (no such tty) */
  openSlave(tty: number): number;
  closeSlave(tty: number): void;
  closeMaster(tty: number): void;
  /** Read as thread `tid` (job control: SIGTTIN). @returns count, 0, -EAGAIN, -EIO or WAIT */
  read(tid: number, tty: number, into: Spans, nonBlocking: boolean): number;
  /** Write from `skip` on; SIGTTOU under TOSTOP. @returns count, -EAGAIN, -EIO or WAIT */
  write(tid: number, tty: number, from: Spans, skip: number, nonBlocking: boolean): number;
  readMaster(tty: number, into: Spans, nonBlocking: boolean): number;
  writeMaster(tty: number, from: Spans, skip: number, nonBlocking: boolean): number;
  poll(tty: number, master: boolean): number;
  arm(tty: number, master: boolean): void;
  /** tty_ioctl(4). @param argument the user address or value @returns >= 0, -errno (ENOTTY if unknown) or WAIT */
  ioctl(tid: number, tty: number, master: boolean, request: number, argument: number): number;
  /** Terminals that exist, for /dev/pts and /proc. */
  list(): number[];
  /** Foreground process group, for /proc; 0 = none, also where there is no such tty. */
  foreground(tty: number): number;
  /** Host window size changed: SIGWINCH. */
  resize(rows: number, columns: number): void;
  /** The session of this tty's leader ended: hang up. */
  hangUp(tty: number): void;

  /** Standard input that is not a terminal. @returns count, 0 at end, -EAGAIN or WAIT */
  readStream(into: Spans, nonBlocking: boolean): number;
  writeStream(stream: number, from: Spans, skip: number): number;
  pollStream(stream: number): number;
  armStream(stream: number): void;
  /** A completion of a request of this slot's. */
  completed(request: number, result: HostResult): void;
}

export const tty: Contract<Tty> = {
  name: 'tty',
  version: 1,
  operations: [
    'openConsole',
    'openPair',
    'openSlave',
    'closeSlave',
    'closeMaster',
    'read',
    'write',
    'readMaster',
    'writeMaster',
    'poll',
    'arm',
    'ioctl',
    'list',
    'foreground',
    'resize',
    'hangUp',
    'readStream',
    'writeStream',
    'pollStream',
    'armStream',
    'completed',
  ],
  interfaces: {},
};
