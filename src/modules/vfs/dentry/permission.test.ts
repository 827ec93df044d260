import { describe, expect, test } from 'vitest';
import { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH } from '../../../abi/linux/capability.ts';
import {
  EACCES,
  EEXIST,
  EINVAL,
  EISDIR,
  ELOOP,
  ENOENT,
  ENOTDIR,
  EOPNOTSUPP,
  EPERM,
} from '../../../abi/linux/errno.ts';
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
} from '../../../abi/linux/fcntl.ts';
import { S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { type FakeVfs, fakeVfs, TID } from '../../../testing/fake-vfs-kernel.ts';
import { ramFilesystem } from '../../filesystem/ram/module.ts';
import { dentryVfs } from './module.ts';

function boot(): FakeVfs {
  const fake = fakeVfs(dentryVfs, {
    ram: (kernel) => ramFilesystem.create(ramFilesystem.layout.create(), kernel),
  });
  fake.boot('ram');
  return fake;
}

const modeOf = (fake: FakeVfs, path: string): number => {
  const stat = createStat();
  expect(fake.vfs().stat(TID, 0, path, false, stat)).toBe(0);
  return stat.mode & 0o7777;
};

describe('permissions', () => {
  test('the first class that fits decides, even if a later one allows more', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/f', S_IFREG | 0o600, 0);
    vfs.chmod(TID, 0, '/f', 0o047, true);
    vfs.chown(TID, 0, '/f', 1000, 100, true);
    const who: readonly [number, number, number[], number][] = [
      [1000, 100, [], 0],
      [2000, 100, [], 4],
      [2000, 5, [100], 4],
      [2000, 5, [], 7],
    ];
    for (const [uid, gid, groups, allowed] of who) {
      fake.become(TID, uid, gid, groups);
      for (let mask = 0; mask < 8; mask++) {
        const expected = (mask & ~allowed) === 0 ? 0 : -EACCES;
        expect([uid, gid, mask, vfs.access(TID, 0, '/f', mask, false, true)]).toEqual([
          uid,
          gid,
          mask,
          expected,
        ]);
      }
    }
  });

  test('capabilities override, but nobody runs a file without any execute bit', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/f', S_IFREG | 0o600, 0);
    vfs.make(TID, 0, '/d', S_IFDIR | 0o700, 0);
    expect(vfs.access(TID, 0, '/f', 1, false, true)).toBe(-EACCES);
    vfs.chmod(TID, 0, '/f', 0o001, true);
    expect(vfs.access(TID, 0, '/f', 7, false, true)).toBe(0);
    fake.become(TID, 1000, 1000);
    fake.processes.get(TID)?.capabilities.add(CAP_DAC_READ_SEARCH);
    expect(vfs.access(TID, 0, '/f', 4, false, true)).toBe(0);
    expect(vfs.access(TID, 0, '/f', 6, false, true)).toBe(-EACCES);
    expect(vfs.access(TID, 0, '/d', 5, false, true)).toBe(0);
    expect(vfs.access(TID, 0, '/d', 2, false, true)).toBe(-EACCES);
    fake.processes.get(TID)?.capabilities.add(CAP_DAC_OVERRIDE);
    expect(vfs.access(TID, 0, '/d', 7, false, true)).toBe(0);
  });

  test('access(2) asks with the real ids and without their privilege', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/f', S_IFREG | 0o600, 0);
    const process = fake.processes.get(TID);
    Object.assign(process?.credentials ?? {}, { uid: 1000, gid: 1000 });
    expect(vfs.access(TID, 0, '/f', 4, true, true)).toBe(-EACCES);
    expect(vfs.access(TID, 0, '/f', 4, false, true)).toBe(0);
  });

  test('new files get the umask, the ids of who made them, and the group of a setgid directory', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/d', S_IFDIR | 0o777, 0);
    vfs.chmod(TID, 0, '/d', 0o2777, true);
    vfs.chown(TID, 0, '/d', 0, 50, true);
    fake.become(TID, 1000, 1000);
    vfs.release(vfs.open(TID, 0, '/d/f', O_CREAT | O_WRONLY, 0o666), 0);
    vfs.make(TID, 0, '/d/e', S_IFDIR | 0o777, 0);
    const stat = createStat();
    vfs.stat(TID, 0, '/d/f', true, stat);
    expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o644, 1000, 50]);
    vfs.stat(TID, 0, '/d/e', true, stat);
    expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o2755, 1000, 50]);
    vfs.make(TID, 0, '/d/s', S_IFREG | 0o2777, 0);
    expect(modeOf(fake, '/d/s') & 0o2000).toBe(0);
  });

  test('only owners change modes and times, and giving a file away clears its set-id bits', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/f', S_IFREG | 0o644, 0);
    vfs.chmod(TID, 0, '/f', 0o6755, true);
    fake.become(TID, 1000, 1000);
    const at = { seconds: 5, nanoseconds: 0 };
    expect(vfs.chmod(TID, 0, '/f', 0o777, true)).toBe(-EPERM);
    expect(vfs.chown(TID, 0, '/f', 1000, -1, true)).toBe(-EPERM);
    expect(vfs.utimes(TID, 0, '/f', { now: false, atime: at, mtime: at }, true)).toBe(-EPERM);
    expect(vfs.utimes(TID, 0, '/f', { now: true, atime: at, mtime: at }, true)).toBe(-EACCES);
    fake.processes.get(TID)?.capabilities.add(CAP_CHOWN);
    expect(vfs.chown(TID, 0, '/f', 1000, 30, true)).toBe(0);
    expect(modeOf(fake, '/f')).toBe(0o755);
    fake.processes.get(TID)?.capabilities.clear();
    expect(vfs.chown(TID, 0, '/f', -1, 1000, true)).toBe(0);
    expect(vfs.chown(TID, 0, '/f', -1, 31, true)).toBe(-EPERM);
    expect(vfs.chmod(TID, 0, '/f', 0o2777, true)).toBe(0);
    expect(modeOf(fake, '/f')).toBe(0o2777);
  });

  test('a write takes the set-id bits away', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/f', S_IFREG | 0o777, 0);
    vfs.chmod(TID, 0, '/f', 0o4777, true);
    fake.become(TID, 1000, 1000);
    const file = vfs.open(TID, 0, '/f', O_WRONLY, 0);
    expect(modeOf(fake, '/f')).toBe(0o4777);
    const spans = { count: 1, address: [4096], length: [3], total: 3 };
    expect(vfs.write(TID, file, spans, 0, -1)).toBe(3);
    expect(modeOf(fake, '/f')).toBe(0o777);
  });
});

describe('open', () => {
  test('refuses in the order of open(2)', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/d', S_IFDIR | 0o755, 0);
    vfs.make(TID, 0, '/f', S_IFREG | 0o644, 0);
    vfs.symlink(TID, 'f', 0, '/l');
    vfs.symlink(TID, 'absent', 0, '/dangling');
    const cases: readonly [string, number, number][] = [
      ['/absent', O_RDONLY, -ENOENT],
      ['/d', O_RDWR, -EISDIR],
      ['/d', O_TRUNC | O_RDONLY, -EISDIR],
      ['/f', O_DIRECTORY, -ENOTDIR],
      ['/f/x', O_RDONLY, -ENOTDIR],
      ['/l', O_NOFOLLOW, -ELOOP],
      ['/f', O_CREAT | O_EXCL, -EEXIST],
      ['/dangling', O_CREAT | O_EXCL, -EEXIST],
      ['/dangling', O_RDONLY, -ENOENT],
      ['/d', O_CREAT | O_DIRECTORY, -EINVAL],
      ['/d', O_TMPFILE_BIT | O_DIRECTORY | O_RDWR, -EOPNOTSUPP],
      ['/d', O_TMPFILE_BIT | O_DIRECTORY, -EINVAL],
    ];
    for (const [path, flags, expected] of cases) {
      expect([path, flags, vfs.open(TID, 0, path, flags, 0o600)]).toEqual([path, flags, expected]);
    }
    const made = vfs.open(TID, 0, '/dangling', O_CREAT | O_RDWR, 0o600);
    expect(vfs.pathOf(vfs.file(made).dentry, fake.processes.get(TID)?.place.root ?? 0)).toBe('/absent');
    const link = vfs.open(TID, 0, '/l', O_PATH | O_NOFOLLOW, 0);
    expect(vfs.file(link).kind).toBe('path');
    expect(vfs.readlink(TID, vfs.file(link).dentry, '')).toBe('f');
  });

  test('asks for what it will do, except of a file that it makes', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.chmod(TID, 0, '/', 0o777, true);
    vfs.make(TID, 0, '/f', S_IFREG | 0o644, 0);
    fake.become(TID, 1000, 1000);
    expect(vfs.open(TID, 0, '/f', O_WRONLY, 0)).toBe(-EACCES);
    expect(vfs.open(TID, 0, '/f', O_RDONLY | O_TRUNC, 0)).toBe(-EACCES);
    expect(vfs.open(TID, 0, '/f', O_RDONLY | O_NOATIME, 0)).toBe(-EPERM);
    expect(vfs.open(TID, 0, '/f', O_RDONLY, 0)).toBeGreaterThan(0);
    expect(vfs.open(TID, 0, '/new', O_CREAT | O_RDWR, 0)).toBeGreaterThan(0);
    expect(vfs.open(TID, 0, '/new', O_RDWR, 0)).toBe(-EACCES);
  });
});
