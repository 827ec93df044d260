import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  EROFS,
  EXDEV,
} from '../../../abi/linux/errno.ts';
import { O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR } from '../../../abi/linux/fcntl.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../../abi/linux/rename.ts';
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

/** A tree as nested maps; a file is its number. */
type Tree = Map<string, Tree | number>;

type Command =
  | { kind: 'file' | 'directory' | 'unlink' | 'rmdir'; path: string[] }
  | { kind: 'rename'; path: string[]; to: string[]; flags: number };

const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 });
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constantFrom('file', 'directory', 'directory', 'unlink', 'rmdir'), path }),
  fc.record({
    kind: fc.constant('rename' as const),
    path,
    to: path,
    flags: fc.constantFrom(0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE),
  }),
);

/** The directory that holds the last component, or -errno. */
function directoryOf(root: Tree, parts: readonly string[]): Tree | number {
  let here: Tree = root;
  for (const part of parts.slice(0, -1)) {
    const next = here.get(part);
    if (next === undefined) return -ENOENT;
    if (typeof next === 'number') return -ENOTDIR;
    here = next;
  }
  return here;
}

const isPrefix = (a: readonly string[], b: readonly string[]): boolean =>
  a.length <= b.length && a.every((part, i) => part === b[i]);

function modelRename(root: Tree, from: readonly string[], to: readonly string[], flags: number): number {
  const source = directoryOf(root, from);
  if (typeof source === 'number') return source;
  const target = directoryOf(root, to);
  if (typeof target === 'number') return target;
  const fromName = from.at(-1) as string;
  const toName = to.at(-1) as string;
  const moved = source.get(fromName);
  const met = target.get(toName);
  if (moved === undefined) return -ENOENT;
  if (met !== undefined && flags === RENAME_NOREPLACE) return -EEXIST;
  if (met === undefined && flags === RENAME_EXCHANGE) return -ENOENT;
  const same = from.join('/') === to.join('/');
  if (!same && isPrefix(from, to)) return -EINVAL;
  if (!same && isPrefix(to, from)) return flags === RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
  if (same) return 0;
  if (flags === RENAME_EXCHANGE) {
    source.set(fromName, met as Tree | number);
    target.set(toName, moved);
    return 0;
  }
  if (met !== undefined) {
    if (typeof moved === 'number' && typeof met !== 'number') return -EISDIR;
    if (typeof moved !== 'number' && typeof met === 'number') return -ENOTDIR;
    if (typeof met !== 'number' && met.size > 0) return -ENOTEMPTY;
  }
  source.delete(fromName);
  target.set(toName, moved);
  return 0;
}

function model(root: Tree, command: Command, number: number): number {
  if (command.kind === 'rename') return modelRename(root, command.path, command.to, command.flags);
  const directory = directoryOf(root, command.path);
  if (typeof directory === 'number') return directory;
  const name = command.path.at(-1) as string;
  const there = directory.get(name);
  switch (command.kind) {
    case 'file':
    case 'directory':
      if (there !== undefined) return -EEXIST;
      directory.set(name, command.kind === 'file' ? number : new Map());
      return 0;
    case 'unlink':
      if (there === undefined) return -ENOENT;
      if (typeof there !== 'number') return -EISDIR;
      break;
    case 'rmdir':
      if (there === undefined) return -ENOENT;
      if (typeof there === 'number') return -ENOTDIR;
      if (there.size > 0) return -ENOTEMPTY;
  }
  directory.delete(name);
  return 0;
}

function run(fake: FakeVfs, command: Command, number: number): number {
  const vfs = fake.vfs();
  const text = `/${command.path.join('/')}`;
  switch (command.kind) {
    case 'file': {
      const made = vfs.make(TID, 0, text, S_IFREG | 0o644, 0);
      // The number is kept as the modification time, so that the very file can be told.
      const time = { seconds: number, nanoseconds: 0 };
      if (made === 0) vfs.utimes(TID, 0, text, { now: false, atime: null, mtime: time }, true);
      return made;
    }
    case 'directory':
      return vfs.make(TID, 0, text, S_IFDIR | 0o755, 0);
    case 'unlink':
    case 'rmdir':
      return vfs.unlink(TID, 0, text, command.kind === 'rmdir');
    case 'rename':
      return vfs.rename(TID, 0, text, 0, `/${command.to.join('/')}`, command.flags);
  }
}

/** The tree as a program lists it. */
function dump(fake: FakeVfs, where: string): Tree {
  const vfs = fake.vfs();
  const file = vfs.open(TID, 0, where, O_RDONLY | O_DIRECTORY, 0);
  const names: string[] = [];
  expect(
    vfs.list(TID, file, (_inode, _next, _type, name) => {
      names.push(name);
      return true;
    }),
  ).toBe(0);
  vfs.release(file, 0);
  const tree: Tree = new Map();
  const stat = createStat();
  for (const name of names.filter((each) => each !== '.' && each !== '..')) {
    const full = `${where === '/' ? '' : where}/${name}`;
    expect(vfs.stat(TID, 0, full, false, stat)).toBe(0);
    tree.set(name, (stat.mode & S_IFDIR) !== 0 ? dump(fake, full) : stat.mtimeSeconds);
  }
  return tree;
}

describe('names', () => {
  test('made, removed and renamed in any order agree with nested maps', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const fake = boot();
        const root: Tree = new Map();
        for (const [i, each] of commands.entries()) {
          expect([each, run(fake, each, i + 1)]).toEqual([each, model(root, each, i + 1)]);
          fake.transfer();
        }
        expect(dump(fake, '/')).toEqual(root);
      }),
      { numRuns: 150 },
    );
  });

  test('an open file outlives its name, and its directory entry is gone', () => {
    const fake = boot();
    const vfs = fake.vfs();
    const root = fake.processes.get(TID)?.place.root ?? 0;
    const file = vfs.open(TID, 0, '/f', O_RDWR | O_CREAT, 0o600);
    expect(vfs.unlink(TID, 0, '/f', false)).toBe(0);
    expect(vfs.pathOf(vfs.file(file).dentry, root)).toBe('/f (deleted)');
    expect(vfs.open(TID, 0, '/f', O_RDONLY, 0)).toBe(-ENOENT);
    const stat = createStat();
    expect(vfs.statFile(file, stat)).toBe(0);
    expect(stat.links).toBe(0);
    vfs.release(file, 0);
    expect(fake.state.dentries.size).toBe(1);
  });

  test('a removed working directory can be left but nothing can be made in it', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/d', S_IFDIR | 0o755, 0);
    const place = fake.processes.get(TID)?.place ?? { cwd: 0 };
    place.cwd = vfs.resolve(TID, 0, '/d', true);
    expect(vfs.unlink(TID, 0, '/d', true)).toBe(0);
    expect(vfs.make(TID, 0, 'x', S_IFREG | 0o600, 0)).toBe(-ENOENT);
    expect(vfs.open(TID, 0, 'x', O_CREAT | O_RDWR, 0o600)).toBe(-ENOENT);
    expect(vfs.access(TID, 0, '..', 0, false, true)).toBe(0);
    expect(vfs.dentryDeleted(place.cwd)).toBe(true);
  });

  test('hard links share an inode and do not cross mounts', () => {
    const fake = boot();
    const vfs = fake.vfs();
    const stat = createStat();
    vfs.make(TID, 0, '/f', S_IFREG | 0o644, 0);
    vfs.make(TID, 0, '/m', S_IFDIR | 0o755, 0);
    vfs.mount(TID, 'ram', '', '/m', '', false);
    expect(vfs.link(TID, 0, '/f', 0, '/g', false)).toBe(0);
    vfs.stat(TID, 0, '/g', true, stat);
    expect(stat.links).toBe(2);
    expect(vfs.rename(TID, 0, '/f', 0, '/g', 0)).toBe(0);
    expect(vfs.access(TID, 0, '/f', 0, false, true)).toBe(0);
    expect(vfs.link(TID, 0, '/f', 0, '/m/f', false)).toBe(-EXDEV);
    expect(vfs.rename(TID, 0, '/f', 0, '/m/f', 0)).toBe(-EXDEV);
    expect(vfs.link(TID, 0, '/m', 0, '/n', false)).toBe(-EXDEV);
    expect(vfs.rename(TID, 0, '/m', 0, '/n', 0)).toBe(-EBUSY);
    expect(vfs.remount(TID, '/m', true)).toBe(0);
    expect(vfs.make(TID, 0, '/m/x', S_IFREG | 0o644, 0)).toBe(-EROFS);
    expect(vfs.open(TID, 0, '/m/x', O_CREAT | O_RDWR, 0o600)).toBe(-EROFS);
    expect(vfs.access(TID, 0, '/m', 2, false, true)).toBe(-EROFS);
  });

  test('the last component may not be a dot, and a slash behind it wants a directory', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/d', S_IFDIR | 0o755, 0);
    vfs.make(TID, 0, '/f', S_IFREG | 0o644, 0);
    const cases: readonly [number, number][] = [
      [vfs.unlink(TID, 0, '/d/.', true), -EINVAL],
      [vfs.unlink(TID, 0, '/d/..', true), -ENOTEMPTY],
      [vfs.unlink(TID, 0, '/', true), -EBUSY],
      [vfs.unlink(TID, 0, '/d/.', false), -EISDIR],
      [vfs.unlink(TID, 0, '/f/', false), -ENOTDIR],
      [vfs.unlink(TID, 0, '/d/', false), -EISDIR],
      [vfs.make(TID, 0, '/d/.', S_IFDIR | 0o755, 0), -EEXIST],
      [vfs.make(TID, 0, '/x/', S_IFREG | 0o644, 0), -ENOENT],
      [vfs.make(TID, 0, '/x/', S_IFDIR | 0o755, 0), 0],
      [vfs.rename(TID, 0, '/f', 0, '/g/', 0), -ENOTDIR],
      [vfs.rename(TID, 0, '/d/.', 0, '/g', 0), -EBUSY],
      [vfs.rename(TID, 0, '/d/', 0, '/g/', 0), 0],
      [vfs.open(TID, 0, '/y/', O_CREAT | O_RDWR, 0o600), -EISDIR],
      [vfs.open(TID, 0, '/g', O_CREAT | O_RDONLY, 0o600), -EISDIR],
      [vfs.open(TID, 0, '/f/', O_RDONLY, 0), -ENOTDIR],
    ];
    expect(cases.map(([got]) => got)).toEqual(cases.map(([, wanted]) => wanted));
  });

  test('a sticky directory lets only owners remove names', () => {
    const fake = boot();
    const vfs = fake.vfs();
    vfs.make(TID, 0, '/tmp', S_IFDIR | 0o777, 0);
    vfs.chmod(TID, 0, '/tmp', 0o1777, true);
    fake.become(TID, 1000, 1000);
    expect(vfs.make(TID, 0, '/tmp/mine', S_IFREG | 0o666, 0)).toBe(0);
    fake.become(TID, 2000, 2000);
    expect(vfs.unlink(TID, 0, '/tmp/mine', false)).toBe(-EPERM);
    expect(vfs.rename(TID, 0, '/tmp/mine', 0, '/tmp/yours', 0)).toBe(-EPERM);
    fake.become(TID, 1000, 1000);
    expect(vfs.rename(TID, 0, '/tmp/mine', 0, '/tmp/yours', 0)).toBe(0);
    expect(vfs.unlink(TID, 0, '/tmp/yours', false)).toBe(0);
    expect(vfs.make(TID, 0, '/root', S_IFREG | 0o600, 0)).toBe(-EACCES);
  });
});
