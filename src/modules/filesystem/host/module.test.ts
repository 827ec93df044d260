import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EACCES, EEXIST, EINVAL, EIO, ENOENT, ENOSPC, EROFS } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat, type FileSystem, SB_SHIFT } from '../../../contracts/filesystem.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { fakeFsKernel, readFile, writeFile } from '../../../testing/fake-fs-kernel.ts';
import { type FakeFolder, fakeFolder } from '../../../testing/fake-host-folder.ts';
import { commands, execute, type Subject, settle } from '../../../testing/fs-commands.ts';
import { type Node, newNode } from '../../../testing/fs-model.ts';
import { hostFilesystem } from './module.ts';
import type { HostState } from './state.ts';

const ROOT = SB_SHIFT + 1;

interface Mounted extends Subject {
  readonly folder: FakeFolder;
  idle(): void;
}

function mountFolder(folder: FakeFolder, options = '', fake = fakeFsKernel(600)): Mounted {
  const schema = hostFilesystem.layout.versions.at(-1)?.schema as Schema<HostState>;
  let state = hostFilesystem.layout.create();
  const attach = (): void => {
    fake.cells['host'] = hostFilesystem.create(state, fake.kernel);
  };
  attach();
  fake.types.set(1, 'host');
  const cell = (): FileSystem => fake.cells['host'] as FileSystem;
  const mounted: Mounted = {
    fake,
    folder,
    cell,
    idle() {
      // The state travels while requests are under way, too.
      mounted.transfer();
      if (folder.run(fake, cell) === 0) throw new Error('waits for nothing');
    },
    transfer() {
      schema.check(state, 'host');
      expect(hostFilesystem.layout.verify?.(state)).toBeNull();
      state = decode(schema, encode(schema, state).slice());
      attach();
    },
  };
  expect(cell().mount(1, '3', options)).toBe(ROOT);
  return mounted;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const lookup = (subject: Mounted, name: string): number =>
  settle(() => subject.cell().lookup(0, ROOT, name), subject.idle);
const read = (subject: Mounted, inode: number, size: number): Uint8Array | number =>
  settle(() => readFile(subject.fake, inode, size), subject.idle);

/** The folder holds what the model does, but for FIFOs, which live in memory. */
function compareFolder(folder: FakeFolder, node: Node, path: string): void {
  const expected = [...node.children].filter(([, child]) => child.type !== S_IFIFO).map(([name]) => name);
  const below = [...folder.items.keys()]
    .filter((key) =>
      path === '' ? !key.includes('/') : key.slice(0, key.lastIndexOf('/')) === path && key !== path,
    )
    .map((key) => key.slice(key.lastIndexOf('/') + 1));
  expect(below.sort()).toEqual(expected.sort());
  for (const [name, child] of node.children) {
    const at = path === '' ? name : `${path}/${name}`;
    const item = folder.items.get(at);
    if (child.type === S_IFREG) expect(item?.bytes).toEqual(child.bytes);
    if (child.type === S_IFLNK) expect(item?.target).toBe(child.target);
    if (child.type === S_IFDIR) compareFolder(folder, child, at);
  }
}

describe('filesystem/host', () => {
  test('does what the model does, and the folder holds it in the end', () => {
    fc.assert(
      fc.property(commands(), (list) => {
        const mounted = mountFolder(fakeFolder());
        const root = newNode(S_IFDIR, 0o755, null);
        execute(mounted, root, new Map([[root, ROOT]]), list);
        mounted.folder.run(mounted.fake, mounted.cell);
        compareFolder(mounted.folder, root, '');
        mounted.cell().unmount(1);
        expect(mounted.fake.freeFrames()).toBe(600);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('shows what is there, in order, with the host times and the owner of the mount', () => {
    const folder = fakeFolder();
    folder.put('b', 'file', 'hello', 0o640);
    folder.put('a', 'directory', '', 0o700);
    folder.put('a/in', 'file', 'x');
    folder.put('link', 'symlink', '../outside');
    folder.put('socket', 'other');
    const mounted = mountFolder(folder, 'uid=7');
    const { cell, idle } = mounted;
    const entries = settle(() => cell().list(0, ROOT, 0, 100), idle);
    if (typeof entries === 'number') throw new Error('no listing');
    expect(entries.map(({ name, inode, type }) => [name, inode - SB_SHIFT, type])).toEqual([
      ['a', 2, S_IFDIR],
      ['b', 3, S_IFREG],
      ['link', 4, S_IFLNK],
    ]);
    const stat = createStat();
    expect(cell().stat(ROOT + 2, stat)).toBe(0);
    expect([stat.mode, stat.uid, stat.size, stat.mtimeSeconds, stat.mtimeNanoseconds]).toEqual([
      S_IFREG | 0o640,
      7,
      5,
      1000,
      5,
    ]);
    expect(cell().readlink(0, ROOT + 3)).toBe('../outside');
    expect(settle(() => cell().lookup(0, ROOT + 1, 'in'), idle)).toBe(ROOT + 4);
    expect(lookup(mounted, 'none')).toBe(-ENOENT);
    expect(folder.log).toEqual(['list ', 'list a']);
  });

  test('takes its times from the boot in deterministic mode', () => {
    const folder = fakeFolder();
    folder.put('f', 'file', 'x');
    const fake = fakeFsKernel();
    const kernel = { ...fake.kernel, settings: { ...fake.kernel.settings, deterministic: true } };
    const mounted = mountFolder(folder, '', { ...fake, kernel });
    const stat = createStat();
    const file = lookup(mounted, 'f');
    mounted.cell().stat(file, stat);
    expect([stat.mtimeSeconds, stat.mtimeNanoseconds]).toEqual([1_700_000_000, 5]);
  });

  test('reads 32 pages at a time, and each once', () => {
    const folder = fakeFolder();
    const content = Uint8Array.from({ length: 40 * 4096 + 9 }, (_, i) => i % 251);
    folder.put('big', 'file', content);
    const mounted = mountFolder(folder);
    const file = lookup(mounted, 'big');
    expect(read(mounted, file, content.length)).toEqual(content);
    expect(folder.log).toEqual(['list ', 'read big', 'read big']);
  });

  test('a read that fails is EIO once, and is tried again', () => {
    const folder = fakeFolder();
    folder.put('f', 'file', 'hello');
    const mounted = mountFolder(folder);
    const file = lookup(mounted, 'f');
    folder.refuse = { kind: 'read', errno: -EIO };
    expect(read(mounted, file, 5)).toBe(-EIO);
    folder.refuse = null;
    expect(read(mounted, file, 5)).toEqual(bytesOf('hello'));
  });

  test('an answer that nobody waits for any more is not kept for another', () => {
    const folder = fakeFolder();
    const mounted = mountFolder(folder);
    lookup(mounted, 'f');
    folder.refuse = { kind: 'create', errno: -EACCES };
    expect(mounted.cell().create(ROOT, 'f', S_IFREG | 0o644, 0, 0, 0)).toBe(WAIT);
    mounted.fake.waiters = 0;
    mounted.idle();
    folder.refuse = null;
    mounted.fake.waiters = 1;
    const made = settle(() => mounted.cell().create(ROOT, 'f', S_IFREG | 0o644, 0, 0, 0), mounted.idle);
    expect(made).toBeGreaterThan(ROOT);
    expect(folder.items.has('f')).toBe(true);
  });

  test("two that make one name at once do not take each other's answer", () => {
    const folder = fakeFolder();
    const mounted = mountFolder(folder);
    const { cell, idle } = mounted;
    lookup(mounted, 'x');
    expect(cell().create(ROOT, 'x', S_IFDIR | 0o755, 0, 0, 0)).toBe(WAIT);
    expect(cell().create(ROOT, 'x', S_IFREG | 0o644, 0, 0, 0)).toBe(WAIT);
    idle();
    expect(cell().create(ROOT, 'x', S_IFREG | 0o644, 0, 0, 0)).toBe(-EEXIST);
    const made = cell().create(ROOT, 'x', S_IFDIR | 0o755, 0, 0, 0);
    const stat = createStat();
    expect(cell().stat(made, stat)).toBe(0);
    expect(stat.mode & S_IFMT).toBe(S_IFDIR);
  });

  test('a refused change changes nothing', () => {
    const folder = fakeFolder();
    folder.put('f', 'file', 'hello');
    const mounted = mountFolder(folder);
    const { cell, idle } = mounted;
    const file = lookup(mounted, 'f');
    folder.refuse = { kind: 'rename', errno: -EACCES };
    expect(settle(() => cell().rename(ROOT, 'f', ROOT, 'g', 0), idle)).toBe(-EACCES);
    // The contents are not in the cache, so a removal is a renaming to the orphan's name first.
    expect(settle(() => cell().unlink(ROOT, 'f', false), idle)).toBe(-EACCES);
    expect(lookup(mounted, 'f')).toBe(file);
    expect(read(mounted, file, 5)).toEqual(bytesOf('hello'));
  });

  test('a removed file stays readable while it is held, and then leaves no trace', () => {
    const folder = fakeFolder();
    folder.put('f', 'file', 'hello');
    const mounted = mountFolder(folder);
    const { cell, idle, fake } = mounted;
    const file = lookup(mounted, 'f');
    cell().pin(file);
    expect(settle(() => cell().unlink(ROOT, 'f', false), idle)).toBe(0);
    expect(read(mounted, file, 5)).toEqual(bytesOf('hello'));
    cell().unpin(file);
    folder.run(fake, cell);
    expect([...folder.items.keys()]).toEqual([]);
  });

  test('says which pages the host would give again: none that it was not sent', () => {
    const folder = fakeFolder();
    folder.put('kept', 'file', 'hello');
    folder.put('removed', 'file', 'hello');
    const mounted = mountFolder(folder);
    const { cell, idle, fake } = mounted;
    const kept = lookup(mounted, 'kept');
    const removed = lookup(mounted, 'removed');
    expect(writeFile(fake, kept, 5, bytesOf('!'))).toBe(WAIT);
    expect(settle(() => writeFile(fake, kept, 5, bytesOf('!')), idle)).toBe(0);
    expect([cell().refills(kept, 0), cell().refills(kept, 1)]).toEqual([true, false]);
    cell().pin(removed);
    expect(settle(() => cell().unlink(ROOT, 'removed', false), idle)).toBe(0);
    expect(read(mounted, removed, 5)).toEqual(bytesOf('hello'));
    expect(cell().refills(removed, 0)).toBe(true);
    expect(writeFile(fake, removed, 0, bytesOf('J'))).toBe(0);
    expect(cell().refills(removed, 0)).toBe(false);
    cell().unpin(removed);
  });

  test('fsync tells of a write that failed, once', () => {
    const folder = fakeFolder();
    folder.put('f', 'file', '');
    const mounted = mountFolder(folder);
    const { cell, idle, fake } = mounted;
    const file = lookup(mounted, 'f');
    folder.refuse = { kind: 'write', errno: -ENOSPC };
    expect(writeFile(fake, file, 0, bytesOf('abc'))).toBe(0);
    expect(settle(() => cell().flush(file), idle)).toBe(-ENOSPC);
    expect(settle(() => cell().flush(file), idle)).toBe(0);
  });

  test('read-only mounts refuse, and a source must be a grant', () => {
    const folder = fakeFolder();
    folder.put('f', 'file', 'x');
    const mounted = mountFolder(folder, 'ro');
    const { cell } = mounted;
    const file = lookup(mounted, 'f');
    expect(cell().create(ROOT, 'g', S_IFREG, 0, 0, 0)).toBe(-EROFS);
    expect(cell().setAttributes(file, { mode: 0 })).toBe(-EROFS);
    expect(cell().unlink(ROOT, 'f', false)).toBe(-EROFS);
    expect(folder.log).toEqual(['list ']);
    expect(cell().mount(2, 'x', '')).toBe(-EINVAL);
  });
});
