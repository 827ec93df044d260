/** Line editing, raw reads, job control, pseudo-terminals and streams. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EAGAIN, EIO, ENOTTY, EPERM } from '../../../abi/linux/errno.ts';
import { FIONREAD, TIOCSCTTY } from '../../../abi/linux/ioctl.ts';
import { POLLHUP, POLLIN, POLLOUT } from '../../../abi/linux/poll.ts';
import { SIGCONT, SIGHUP, SIGINT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH } from '../../../abi/linux/signal.ts';
import * as T from '../../../abi/linux/termios.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { type Terminal, type Tty, type TtyState, ttyLayout } from '../../../contracts/tty.ts';
import {
  addProcess,
  buffer,
  content,
  createFakeGuest,
  type FakeGuest,
  run,
} from '../../../testing/fake-guest.ts';
import { lineDisciplineTty } from './module.ts';

const schema = ttyLayout.versions[0]?.schema as Schema<TtyState>;
const SHELL = 10;
const JOB = 20;
const ARGUMENT = 0x20000;

let guest: FakeGuest;
let state: TtyState;
let tty: Tty;

/** The state through bytes into a fresh instance. */
function replace(): void {
  schema.check(state, 'tty');
  state = decode(schema, encode(schema, state).slice());
  tty = lineDisciplineTty.create(state, guest.kernel);
}

beforeEach(() => {
  guest = createFakeGuest();
  state = ttyLayout.create();
  tty = lineDisciplineTty.create(state, guest.kernel);
  addProcess(guest, SHELL, SHELL, SHELL).tty = -1;
  addProcess(guest, JOB, JOB, SHELL).tty = -1;
  tty.openConsole(24, 80);
  tty.openSlave(0);
});

const console = (): Terminal => state.terminals.get(0) as Terminal;

/** Keys pressed: the host's answer to the console's request. */
function type(keys: string): void {
  const { consoleRequest } = state;
  expect(consoleRequest).not.toBe(-1);
  tty.completed(consoleRequest, { errno: 0, bytes: Uint8Array.from(keys, (key) => key.charCodeAt(0)) });
  replace();
}

/** Read as the shell. @returns what was read, or the negative result */
function read(size = 100, nonBlocking = true, tid = SHELL): string | number {
  const into = buffer(guest, size);
  const result = run(guest, tid, () => tty.read(tid, 0, into, nonBlocking));
  return result < 0 ? result : content(guest, into, result);
}

const shown = (): string => {
  const text = guest.output[1] as string;
  guest.output[1] = '';
  return text;
};

function ioctl(request: number, argument = ARGUMENT, tid = SHELL, id = 0, master = false): number {
  return run(guest, tid, () => tty.ioctl(tid, id, master, request, argument));
}

function setModes(change: (termios: DataView) => void): void {
  expect(ioctl(T.TCGETS)).toBe(0);
  change(new DataView(guest.memory.buffer, ARGUMENT));
  expect(ioctl(T.TCSETS)).toBe(0);
}

const setLocal = (clear: number, set = 0): void =>
  setModes((termios) => termios.setUint32(12, (termios.getUint32(12, true) & ~clear) | set, true));
const setInput = (clear: number, set = 0): void =>
  setModes((termios) => termios.setUint32(0, (termios.getUint32(0, true) & ~clear) | set, true));
const setOutput = (clear: number, set = 0): void =>
  setModes((termios) => termios.setUint32(4, (termios.getUint32(4, true) & ~clear) | set, true));
const setControl = (index: number, value: number): void =>
  setModes((termios) => termios.setUint8(T.TERMIOS_CC + index, value));

describe('canonical mode', () => {
  test.each([
    ['a line', 'ls\r', 'ls\n', 'ls\r\n'],
    ['erase', 'lx\x7fs\r', 'ls\n', 'lx\b \bs\r\n'],
    ['erase at the start', '\x7f\x7fls\r', 'ls\n', 'ls\r\n'],
    ['erase of a control character', '\x01\x7fa\r', 'a\n', '^A\b \b\b \ba\r\n'],
    ['erase of a UTF-8 character', 'é\x7fx\r', 'x\n', 'é\b \bx\r\n'],
    ['erase of a tab', 'ab\t\x7fc\r', 'abc\n', 'ab\t\b\b\b\b\b\bc\r\n'],
    ['erase of a tab after a tab', '\t\ta\x7f\x7f\r', '\t\n', '\t\ta\b \b\b\b\b\b\b\b\b\b\r\n'],
    ['kill', 'abc\x15ls\r', 'ls\n', 'abc\b \b\b \b\b \bls\r\n'],
    ['word erase', 'cd  foo_1 \x17x\r', 'cd  x\n', 'cd  foo_1 \b \b\b \b\b \b\b \b\b \b\b \bx\r\n'],
    ['literal next', 'a\x16\x03\r', 'a\x03\n', 'a^\b^C\r\n'],
    ['reprint', 'ab\x12c\r', 'abc\n', 'ab^R\r\nabc\r\n'],
    ['end of file in a line', 'ab\x04', 'ab', 'ab'],
    ['a bell', '\x07\r', '\x07\n', '^G\r\n'],
  ])('%s', (_name, keys, line, screen) => {
    const utf8 = (text: string): string => text.replaceAll('é', '\xc3\xa9');
    for (const key of utf8(keys)) type(key);
    expect(read()).toBe(line);
    expect(shown()).toBe(utf8(screen));
    expect(read()).toBe(-EAGAIN);
  });

  test('gives one line a read, in parts, and an end of file as nothing', () => {
    type('first\nsecond\n\x04third\n');
    expect(read(3)).toBe('fir');
    expect(read()).toBe('st\n');
    expect(read()).toBe('second\n');
    expect(read()).toBe('');
    expect(read()).toBe('third\n');
  });

  test('counts whole lines only', () => {
    type('abc\nde');
    expect(ioctl(FIONREAD)).toBe(0);
    expect(guest.memory[ARGUMENT]).toBe(4);
    expect(tty.poll(0, false) & POLLIN).toBe(POLLIN);
    expect(read()).toBe('abc\n');
    expect(tty.poll(0, false) & (POLLIN | POLLOUT)).toBe(POLLOUT);
  });

  test('wakes a reader at the end of the line, not before', () => {
    expect(read(10, false)).toBe(WAIT);
    type('ab');
    expect(guest.woken).toEqual([]);
    type('\r');
    expect(guest.woken).toEqual([SHELL]);
    expect(read(10, false)).toBe('ab\n');
  });

  test('keeps 4095 characters of a line that is too long, and its end', () => {
    type('x'.repeat(4096));
    expect(shown()).toHaveLength(4095);
    type('y\r');
    expect(read(9000)).toBe(`${'x'.repeat(4095)}\n`);
  });

  test('without ECHO shows nothing but, under ECHONL, the end of the line', () => {
    setLocal(T.ECHO, T.ECHONL);
    type('secret\x7f\x15pw\r');
    expect(read()).toBe('pw\n');
    expect(shown()).toBe('\r\n');
  });

  test('kills with a new line where ECHOKE is off', () => {
    setLocal(T.ECHOKE);
    type('abc\x15x\r');
    expect(shown()).toBe('abc^U\r\nx\r\n');
  });

  test('VEOL and VEOL2 end a line', () => {
    setControl(T.VEOL, 0x3b);
    type('a;b');
    expect(read()).toBe('a;');
    expect(read()).toBe(-EAGAIN);
  });

  test('maps CR and NL by ICRNL, IGNCR, INLCR', () => {
    setInput(T.ICRNL, T.IGNCR);
    type('a\rb\n');
    expect(read()).toBe('ab\n');
    setInput(T.IGNCR, T.INLCR);
    type('c\n');
    expect(read()).toBe(-EAGAIN);
    expect(console().pending).toEqual([0x63, 13]);
  });
});

describe('raw mode', () => {
  beforeEach(() => setLocal(T.ICANON | T.ECHO | T.ISIG | T.IEXTEN));

  test('gives what is there at once', () => {
    type('ab\x03\x7f');
    expect(read(3)).toBe('ab\x03');
    expect(read()).toBe('\x7f');
  });

  test('waits for VMIN bytes, or as many as fit', () => {
    setControl(T.VMIN, 3);
    type('a');
    expect(tty.poll(0, false) & POLLIN).toBe(0);
    expect(read(10, false)).toBe(WAIT);
    type('b');
    expect(read(10, false)).toBe(WAIT);
    expect(read(2, false)).toBe('ab');
    type('cde');
    expect(read(10, false)).toBe('cde');
  });

  test('VMIN 0 and VTIME 0 never wait', () => {
    setControl(T.VMIN, 0);
    expect(read(10, false)).toBe('');
    type('x');
    expect(read(10, false)).toBe('x');
  });

  test('VTIME alone is a time-out of the read', () => {
    setControl(T.VMIN, 0);
    setControl(T.VTIME, 5);
    expect(read(10, false)).toBe(WAIT);
    guest.waits.timeOut(SHELL);
    expect(read(10, false)).toBe('');
  });

  test('VTIME with VMIN is a time-out between bytes', () => {
    setControl(T.VMIN, 3);
    setControl(T.VTIME, 5);
    expect(read(10, false)).toBe(WAIT);
    expect(guest.waits.all()[0]?.deadline).toBe(-1);
    type('a');
    expect(read(10, false)).toBe(WAIT);
    expect(guest.waits.all()[0]?.deadline).toBe(guest.now + 500_000_000);
    guest.now += 500_000_000;
    guest.waits.timeOut(SHELL);
    expect(read(10, false)).toBe('a');
  });

  test('a signal ends a wait for more with what is there', () => {
    setControl(T.VMIN, 3);
    type('a');
    expect(read(10, false)).toBe(WAIT);
    guest.waits.notify(SHELL);
    expect(read(10, false)).toBe('a');
  });

  test('what was typed before the switch is readable, and a line after the switch back', () => {
    setLocal(0, T.ICANON);
    type('half');
    setLocal(T.ICANON);
    expect(read(2)).toBe('ha');
    setLocal(0, T.ICANON);
    expect(read()).toBe('lf');
  });
});

describe('output', () => {
  const write = (text: string): string => {
    const from = buffer(guest, text);
    expect(run(guest, SHELL, () => tty.write(SHELL, 0, from, 0, false))).toBe(text.length);
    return shown();
  };

  test('is processed by OPOST', () => {
    expect(write('a\nb\tc\r\n')).toBe('a\r\nb\tc\r\r\n');
    setOutput(0, T.XTABS);
    expect(write('ab\tc\n')).toBe('ab      c\r\n');
    setOutput(T.ONLCR, T.OCRNL | T.ONOCR);
    expect(write('\rab\rc\n')).toBe('ab\nc\n');
    setOutput(T.OPOST);
    expect(write('a\n\tb')).toBe('a\n\tb');
  });

  test('stops at VSTOP, echo with it, and goes on at VSTART', () => {
    type('\x13');
    const from = buffer(guest, 'held');
    expect(run(guest, JOB, () => tty.write(JOB, 0, from, 0, true))).toBe(-EAGAIN);
    expect(run(guest, JOB, () => tty.write(JOB, 0, from, 0, false))).toBe(WAIT);
    type('x');
    expect(shown()).toBe('');
    type('\x11');
    expect(shown()).toBe('x');
    expect(guest.woken).toEqual([JOB]);
  });
});

describe('job control', () => {
  beforeEach(() => {
    expect(ioctl(TIOCSCTTY, 0)).toBe(0);
    (guest.groups.get(JOB) as { tty: number }).tty = 0;
  });
  const give = (pgrp: number, tid = SHELL): number => {
    new DataView(guest.memory.buffer).setInt32(ARGUMENT, pgrp, true);
    return ioctl(T.TIOCSPGRP, ARGUMENT, tid);
  };

  test('^C and ^Z reach the foreground, drop the input, and are shown', () => {
    expect(give(JOB)).toBe(0);
    type('abc\x03');
    expect(guest.signals).toEqual([{ pgrp: JOB, signal: SIGINT }]);
    expect(shown()).toBe('abc^C');
    type('\x1a\r');
    expect(guest.signals[1]).toEqual({ pgrp: JOB, signal: SIGTSTP });
    expect(read(10, true, JOB)).toBe('\n');
  });

  test('NOFLSH keeps the input', () => {
    setLocal(0, T.NOFLSH);
    type('ab\x03c\r');
    expect(read()).toBe('abc\n');
  });

  test('a background read stops its group, once for each wait', () => {
    expect(read(10, false, JOB)).toBe(WAIT);
    expect(guest.signals).toEqual([{ pgrp: JOB, signal: SIGTTIN }]);
    guest.waits.notify(JOB);
    expect(read(10, false, JOB)).toBe(WAIT);
    expect(guest.signals).toHaveLength(1);
  });

  test('a background read fails where the signal is ignored or the group orphaned', () => {
    guest.ignored.add(SIGTTIN);
    expect(read(10, false, JOB)).toBe(-EIO);
    guest.ignored.clear();
    guest.orphans.add(JOB);
    expect(read(10, false, JOB)).toBe(-EIO);
  });

  test('a background write is free unless TOSTOP', () => {
    const write = (): number => run(guest, JOB, () => tty.write(JOB, 0, buffer(guest, 'x'), 0, false));
    expect(write()).toBe(1);
    setLocal(0, T.TOSTOP);
    expect(write()).toBe(WAIT);
    expect(guest.signals).toEqual([{ pgrp: JOB, signal: SIGTTOU }]);
    guest.ignored.add(SIGTTOU);
    expect(write()).toBe(1);
  });

  test('the foreground is set by members of the session alone, from the background with SIGTTOU', () => {
    expect(give(JOB, JOB)).toBe(WAIT);
    expect(guest.signals).toEqual([{ pgrp: JOB, signal: SIGTTOU }]);
    addProcess(guest, 30, 30, 30).tty = -1;
    expect(give(30)).toBe(-EPERM);
    expect(give(SHELL, 30)).toBe(-ENOTTY);
    expect(ioctl(T.TIOCGPGRP, ARGUMENT, 30)).toBe(-ENOTTY);
    expect(ioctl(TIOCSCTTY, 0, 30)).toBe(-EPERM);
    expect(ioctl(TIOCSCTTY, 0, JOB)).toBe(-EPERM);
  });

  test('a change of size is told', () => {
    tty.resize(24, 80);
    expect(guest.signals).toEqual([]);
    tty.resize(50, 132);
    expect(guest.signals).toEqual([{ pgrp: SHELL, signal: SIGWINCH }]);
    expect(ioctl(T.TIOCGWINSZ)).toBe(0);
    expect([...guest.memory.subarray(ARGUMENT, ARGUMENT + 4)]).toEqual([50, 0, 132, 0]);
  });

  test('the host hanging up ends it all', () => {
    expect(give(JOB)).toBe(0);
    type('');
    expect(guest.signals).toEqual([
      { pgrp: SHELL, signal: SIGHUP },
      { pgrp: SHELL, signal: SIGCONT },
      { pgrp: JOB, signal: SIGHUP },
      { pgrp: JOB, signal: SIGCONT },
    ]);
    expect(read()).toBe('');
    expect(guest.groups.get(SHELL)?.tty).toBe(-1);
  });

  test('settings survive a round trip and FLUSH drops input', () => {
    setControl(T.VINTR, 0x18);
    type('x\r');
    expect(ioctl(T.TCGETS2)).toBe(0);
    expect(guest.memory[ARGUMENT + T.TERMIOS_CC]).toBe(0x18);
    expect(new DataView(guest.memory.buffer).getUint32(ARGUMENT + T.TERMIOS2_OSPEED, true)).toBe(38400);
    expect(ioctl(T.TCSETSF2)).toBe(0);
    expect(read()).toBe(-EAGAIN);
    expect(ioctl(0x1234)).toBe(-ENOTTY);
  });
});

describe('a pseudo-terminal', () => {
  let id = 0;
  const put = (text: string): number => tty.writeMaster(id, buffer(guest, text), 0, true);
  const get = (size = 100): string | number => {
    const into = buffer(guest, size);
    const result = run(guest, JOB, () => tty.readMaster(id, into, true));
    return result < 0 ? result : content(guest, into, result);
  };
  const write = (text: string, nonBlocking = true): number => {
    const from = buffer(guest, text);
    return run(guest, SHELL, () => tty.write(SHELL, id, from, 0, nonBlocking));
  };

  beforeEach(() => {
    id = tty.openPair();
    expect(tty.openSlave(id)).toBe(-EIO);
    guest.memory[ARGUMENT] = 0;
    expect(ioctl(T.TIOCSPTLCK, ARGUMENT, JOB, id, true)).toBe(0);
    expect(tty.openSlave(id)).toBe(0);
    expect(tty.list()).toEqual([0, id]);
  });

  test('carries keys one way and the screen the other', () => {
    expect(put('ls\r')).toBe(3);
    const into = buffer(guest, 10);
    expect(tty.read(SHELL, id, into, true)).toBe(3);
    expect(write('out\n')).toBe(4);
    expect(get()).toBe('ls\r\nout\r\n');
    expect(get()).toBe(-EAGAIN);
  });

  test('makes a writer wait when the master does not read', () => {
    expect(write('x'.repeat(5000))).toBe(4096);
    expect(write('x')).toBe(-EAGAIN);
    expect(write('x', false)).toBe(WAIT);
    replace();
    get();
    expect(guest.woken).toEqual([SHELL]);
  });

  test('packet mode marks data and flow control', () => {
    guest.memory[ARGUMENT] = 1;
    expect(ioctl(T.TIOCPKT, ARGUMENT, JOB, id, true)).toBe(0);
    write('a');
    expect(get()).toBe('\0a');
    put('\x13');
    expect(get()).toBe('\x04');
    put('\x11');
    expect(get()).toBe('\x08');
  });

  test('the slave closing is EIO for the master, the master closing end of file for the slave', () => {
    write('last');
    tty.closeSlave(id);
    expect(get()).toBe('last');
    expect(get()).toBe(-EIO);
    expect(tty.poll(id, true) & POLLHUP).toBe(POLLHUP);
    expect(tty.openSlave(id)).toBe(0);
    expect(get()).toBe(-EAGAIN);
    tty.closeMaster(id);
    expect(tty.read(SHELL, id, buffer(guest, 10), false)).toBe(0);
    expect(write('x')).toBe(-EIO);
    tty.closeSlave(id);
    expect(tty.list()).toEqual([0]);
  });
});

describe('host streams', () => {
  const readStream = (size: number, nonBlocking = false): string | number => {
    const into = buffer(guest, size);
    const result = run(guest, SHELL, () => tty.readStream(into, nonBlocking));
    return result < 0 ? result : content(guest, into, result);
  };

  test('ask on demand, once, and end', () => {
    const before = guest.requests.length;
    expect(readStream(5)).toBe(WAIT);
    expect(readStream(5, true)).toBe(-EAGAIN);
    expect(tty.pollStream(0)).toBe(0);
    expect(guest.requests.length).toBe(before + 1);
    expect(readStream(5)).toBe(WAIT);
    tty.completed(state.stream.request, { errno: 0, bytes: Uint8Array.of(104, 101, 108, 108, 111) });
    expect(guest.woken).toEqual([SHELL]);
    expect(readStream(3)).toBe('hel');
    replace();
    expect(readStream(3)).toBe('lo');
    expect(readStream(3)).toBe(WAIT);
    tty.completed(state.stream.request, { errno: 0, bytes: new Uint8Array(0) });
    expect(readStream(3)).toBe('');
    expect(readStream(3)).toBe('');
  });

  test('take output as it is', () => {
    expect(tty.writeStream(2, buffer(guest, 'x'.repeat(2500)), 1000)).toBe(1500);
    expect(guest.output[2]).toHaveLength(1500);
  });
});
