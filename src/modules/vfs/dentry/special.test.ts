import { describe, expect, test } from 'vitest';
import { EAGAIN, EBADF, EDEADLK, EINVAL, EISDIR, ENOSPC, ENXIO, ESPIPE } from '../../../abi/linux/errno.ts';
import {
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../../abi/linux/fcntl.ts';
import { makeDevice, S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG, S_IFSOCK } from '../../../abi/linux/stat.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { type FakeVfs, fakeVfs, takeBuffer, TID, userBuffer } from '../../../testing/fake-vfs-kernel.ts';
import { ramFilesystem } from '../../filesystem/ram/module.ts';
import { basicIpc } from '../../ipc/basic/module.ts';
import { dentryVfs } from './module.ts';

/** Terminals that are open, by id; -1 counts the masters closed. */
const fakeTty = (opens: Map<number, number>): Partial<Kernel['tty']> => ({
  openPair: () => 7,
  openSlave(tty) {
    if (tty !== 7 && tty !== 0) return -ENXIO;
    opens.set(tty, (opens.get(tty) ?? 0) + 1);
    return 0;
  },
  closeSlave: (tty) => void opens.set(tty, (opens.get(tty) ?? 0) - 1),
  closeMaster: () => void opens.set(-1, (opens.get(-1) ?? 0) + 1),
  ioctl: () => 0,
});

function boot(opens: Map<number, number> = new Map()): FakeVfs {
  const fake = fakeVfs(
    dentryVfs,
    { ram: (kernel) => ramFilesystem.create(ramFilesystem.layout.create(), kernel) },
    (kernel) => ({
      ipc: basicIpc.create(basicIpc.layout.create(), kernel),
      tty: fakeTty(opens) as Kernel['tty'],
    }),
  );
  fake.boot('ram');
  return fake;
}

describe('FIFOs', () => {
  test('open waits for the other side and goes on with the file it made', () => {
    const fake = boot();
    fake.addProcess(2);
    Object.assign(fake.processes.get(2)?.place ?? {}, fake.processes.get(TID)?.place);
    fake.vfs().make(TID, 0, '/p', S_IFIFO | 0o600, 0);
    expect(fake.vfs().open(TID, 0, '/p', O_RDONLY, 0)).toBe(WAIT);
    expect(fake.waiting.restart).toBe('restart');
    const kept = [...fake.progress];
    fake.progress.length = 0;
    fake.transfer();
    const writer = fake.vfs().open(2, 0, '/p', O_WRONLY, 0);
    expect(writer).toBeGreaterThan(0);
    // The writer comes and goes before the reader looks: the open still succeeds (fifo(7)).
    fake.vfs().release(writer, 0);
    fake.progress.push(...kept);
    const reader = fake.vfs().open(TID, 0, '/p', O_RDONLY, 0);
    expect(reader).toBe(kept[0]);
    expect(fake.vfs().file(reader).references).toBe(1);
  });

  test('a signal takes the waiting end away again', () => {
    const fake = boot();
    fake.vfs().make(TID, 0, '/p', S_IFIFO | 0o600, 0);
    expect(fake.vfs().open(TID, 0, '/p', O_WRONLY, 0)).toBe(WAIT);
    fake.waiting.interrupted = true;
    expect(fake.vfs().open(TID, 0, '/p', O_WRONLY, 0)).toBe(WAIT);
    expect(fake.state.files.size).toBe(0);
    expect(fake.progress).toEqual([]);
  });

  test('without blocking a reader opens at once and a writer needs one', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/p', S_IFIFO | 0o600, 0);
    expect(vfs.open(TID, 0, '/p', O_WRONLY | O_NONBLOCK, 0)).toBe(-ENXIO);
    const reader = vfs.open(TID, 0, '/p', O_RDONLY | O_NONBLOCK, 0);
    const writer = vfs.open(TID, 0, '/p', O_WRONLY | O_NONBLOCK, 0);
    expect(writer).toBeGreaterThan(0);
    const bytes = userBuffer(fake, Uint8Array.of(1, 2, 3));
    expect(vfs.read(TID, reader, bytes, -1)).toBe(-EAGAIN);
    expect(vfs.write(TID, writer, bytes, 1, -1)).toBe(2);
    expect(vfs.read(TID, reader, bytes, -1)).toBe(2);
    expect(takeBuffer(fake, bytes, 2)).toEqual(Uint8Array.of(2, 3));
    expect(vfs.read(TID, reader, bytes, 0)).toBe(-ESPIPE);
    expect(vfs.write(TID, reader, bytes, 0, -1)).toBe(-EBADF);
  });
});

describe('devices', () => {
  test('memory devices do as null(4) and random(4) say', () => {
    const fake = boot();
    const vfs = fake.vfs();
    fake.kernel.host.random = (into) => void into.fill(9);
    const opened = (minor: number): number => {
      vfs.make(TID, 0, `/d${minor}`, S_IFCHR | 0o666, makeDevice(1, minor));
      return vfs.open(TID, 0, `/d${minor}`, O_RDWR, 0);
    };
    const ones = (): ReturnType<typeof userBuffer> => userBuffer(fake, new Uint8Array(5000).fill(1));
    const [nothing, zero, full, urandom] = [3, 5, 7, 9].map(opened) as [number, number, number, number];
    expect(vfs.read(TID, nothing, ones(), -1)).toBe(0);
    expect(vfs.write(TID, nothing, ones(), 10, -1)).toBe(4990);
    const read = ones();
    expect(vfs.read(TID, zero, read, -1)).toBe(5000);
    expect(takeBuffer(fake, read, 5000)).toEqual(new Uint8Array(5000));
    expect(vfs.write(TID, full, ones(), 0, -1)).toBe(-ENOSPC);
    const random = ones();
    expect(vfs.read(TID, urandom, random, -1)).toBe(5000);
    expect(takeBuffer(fake, random, 5000)).toEqual(new Uint8Array(5000).fill(9));
    vfs.make(TID, 0, '/none', S_IFCHR | 0o666, makeDevice(200, 1));
    vfs.make(TID, 0, '/sock', S_IFSOCK | 0o666, 0);
    expect(vfs.open(TID, 0, '/none', O_RDWR, 0)).toBe(-ENXIO);
    expect(vfs.open(TID, 0, '/sock', O_RDWR, 0)).toBe(-ENXIO);
  });

  test('terminals are counted by tty, and /dev/tty is the one that controls the process', () => {
    const opens = new Map<number, number>();
    const fake = boot(opens);
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/tty', S_IFCHR | 0o666, makeDevice(5, 0));
    vfs.make(TID, 0, '/ptmx', S_IFCHR | 0o666, makeDevice(5, 2));
    vfs.make(TID, 0, '/7', S_IFCHR | 0o666, makeDevice(136, 7));
    expect(vfs.open(TID, 0, '/tty', O_RDWR, 0)).toBe(-ENXIO);
    const master = vfs.open(TID, 0, '/ptmx', O_RDWR, 0);
    expect(vfs.file(master).kind).toBe('pty-master');
    const slave = vfs.open(TID, 0, '/7', O_RDWR, 0);
    Object.assign(fake.processes.get(TID)?.group ?? {}, { tty: 7 });
    const current = vfs.open(TID, 0, '/tty', O_RDWR, 0);
    expect(opens.get(7)).toBe(2);
    for (const file of [slave, current, master]) vfs.release(file, 0);
    expect([opens.get(7), opens.get(-1)]).toEqual([0, 1]);
    expect(vfs.openTerminal(TID, 9, O_RDWR)).toBe(-ENXIO);
  });
});

describe('listing', () => {
  test('gives every name once, `.` and `..` first, and goes on where the buffer was full', () => {
    const fake = boot();
    fake.vfs().make(TID, 0, '/d', S_IFDIR | 0o755, 0);
    const wanted = Array.from({ length: 150 }, (_, i) => `n${i}`);
    for (const name of wanted) fake.vfs().make(TID, 0, `/d/${name}`, S_IFREG | 0o600, 0);
    const file = fake.vfs().open(TID, 0, '/d', O_RDONLY | O_DIRECTORY, 0);
    const names: string[] = [];
    for (let calls = 0; ; calls++) {
      let room = 1 + (calls % 5);
      const before = names.length;
      const result = fake.vfs().list(TID, file, (_inode, _next, _type, name) => {
        if (room-- === 0) return false;
        names.push(name);
        return true;
      });
      expect(result).toBe(0);
      if (names.length === before) break;
      fake.transfer();
    }
    expect(names.slice(0, 2)).toEqual(['.', '..']);
    expect([...names.slice(2)].sort()).toEqual([...wanted].sort());
    fake.vfs().seek(TID, file, 0, 0);
    expect(fake.vfs().list(TID, file, () => false)).toBe(-EINVAL);
    expect(fake.vfs().read(TID, file, userBuffer(fake, new Uint8Array(1)), -1)).toBe(-EISDIR);
  });
});

describe('locks', () => {
  function two(): { fake: FakeVfs; one: number; other: number } {
    const fake = boot();
    const second = fake.addProcess(2);
    Object.assign(second.place, fake.processes.get(TID)?.place);
    const one = fake.vfs().open(TID, 0, '/f', O_RDWR | O_CREAT, 0o600);
    return { fake, one, other: fake.vfs().open(2, 0, '/f', O_RDWR, 0) };
  }

  test('flock shares, excludes, converts and ends with the description', () => {
    const { fake, one, other } = two();
    const vfs = fake.vfs();
    expect(vfs.flock(TID, one, LOCK_SH)).toBe(0);
    expect(vfs.flock(2, other, LOCK_SH | LOCK_NB)).toBe(0);
    expect(vfs.flock(TID, one, LOCK_EX | LOCK_NB)).toBe(-EAGAIN);
    expect(vfs.flock(2, other, LOCK_UN)).toBe(0);
    expect(vfs.flock(TID, one, LOCK_EX | LOCK_NB)).toBe(0);
    expect(vfs.flock(2, other, LOCK_SH)).toBe(WAIT);
    const event = fake.state.locks[0]?.event;
    expect(fake.fs.waited).toContain(event);
    fake.transfer();
    fake.vfs().release(one, 0);
    expect(fake.fs.woken).toContain(event);
    expect(fake.vfs().flock(2, other, LOCK_SH)).toBe(0);
  });

  test('record locks split, join, and are seen by others only', () => {
    const { fake, one, other } = two();
    const vfs = fake.vfs();
    const END = Number.MAX_SAFE_INTEGER;
    expect(vfs.setLock(TID, one, F_WRLCK, 0, 100, false, false)).toBe(0);
    expect(vfs.setLock(TID, one, F_UNLCK, 40, 60, false, false)).toBe(0);
    expect(vfs.setLock(2, other, F_WRLCK, 40, 60, false, false)).toBe(0);
    expect(vfs.setLock(2, other, F_RDLCK, 30, 41, false, false)).toBe(-EAGAIN);
    expect(vfs.getLock(2, other, F_RDLCK, 60, END, false)).toMatchObject({ start: 60, end: 100, tgid: TID });
    expect(vfs.getLock(TID, one, F_RDLCK, 60, END, false)).toBeNull();
    vfs.setLock(2, other, F_UNLCK, 0, END, false, false);
    expect(vfs.setLock(TID, one, F_WRLCK, 40, 60, false, false)).toBe(0);
    expect(fake.state.locks).toHaveLength(1);
    expect(vfs.flock(2, other, LOCK_EX | LOCK_NB)).toBe(0);
    expect(vfs.setLock(2, other, F_WRLCK, 0, 1, true, false)).toBe(-EAGAIN);
  });

  test('any descriptor of the file closed by the process ends its record locks', () => {
    const { fake, one, other } = two();
    const vfs = fake.vfs();
    expect(vfs.setLock(TID, one, F_WRLCK, 0, 10, false, false)).toBe(0);
    const third = vfs.open(TID, 0, '/f', O_RDONLY, 0);
    vfs.release(third, TID);
    expect(vfs.setLock(2, other, F_WRLCK, 0, 10, false, false)).toBe(0);
  });

  test('a wait that closes a cycle is refused', () => {
    const { fake, one, other } = two();
    expect(fake.vfs().setLock(TID, one, F_WRLCK, 0, 10, false, true)).toBe(0);
    expect(fake.vfs().setLock(2, other, F_WRLCK, 10, 20, false, true)).toBe(0);
    expect(fake.vfs().setLock(TID, one, F_WRLCK, 10, 20, false, true)).toBe(WAIT);
    fake.transfer();
    expect(fake.vfs().setLock(2, other, F_WRLCK, 0, 10, false, true)).toBe(-EDEADLK);
    fake.waiting.interrupted = true;
    expect(fake.vfs().setLock(TID, one, F_WRLCK, 10, 20, false, true)).toBe(WAIT);
    fake.waiting.interrupted = false;
    expect(fake.vfs().setLock(2, other, F_WRLCK, 0, 10, false, true)).toBe(WAIT);
  });
});
