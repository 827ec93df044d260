import { expect, test } from 'vitest';
import { ENOENT } from '../../../abi/linux/errno.ts';
import { makeDevice, S_IFBLK, S_IFCHR, S_IFIFO, S_IFLNK, S_IFMT } from '../../../abi/linux/stat.ts';
import {
  createStat,
  FS_PAGED,
  FS_VOLATILE,
  type FileSystem,
  SB_SHIFT,
} from '../../../contracts/filesystem.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { type FakeFsKernel, fakeFsKernel } from '../../../testing/fake-fs-kernel.ts';
import { devFilesystem } from './module.ts';
import type { DevState } from './state.ts';

const ROOT = SB_SHIFT + 1;

function boot(): {
  fake: FakeFsKernel;
  cell(): FileSystem;
  transfer(): void;
  names(directory: number): string[];
} {
  const fake = fakeFsKernel(8);
  const schema = devFilesystem.layout.versions.at(-1)?.schema as Schema<DevState>;
  let state = devFilesystem.layout.create();
  let cell = devFilesystem.create(state, fake.kernel);
  expect(cell.mount(1, '', 'mode=755')).toBe(ROOT);
  return {
    fake,
    cell: () => cell,
    transfer() {
      schema.check(state, 'dev');
      expect(devFilesystem.layout.verify?.(state)).toBeNull();
      state = decode(schema, encode(schema, state).slice());
      cell = devFilesystem.create(state, fake.kernel);
    },
    names(directory) {
      const entries = cell.list(0, directory, 0, 100);
      if (typeof entries === 'number') throw new Error('no listing');
      return entries.map(({ name }) => name);
    },
  };
}

test('has the devices that programs ask for, by their numbers', () => {
  const { cell } = boot();
  const stat = createStat();
  const expected = { null: [1, 3], zero: [1, 5], full: [1, 7], random: [1, 8], urandom: [1, 9] };
  for (const [name, [major, minor]] of Object.entries({
    ...expected,
    tty: [5, 0],
    console: [5, 1],
    ptmx: [5, 2],
  })) {
    expect(cell().stat(cell().lookup(0, ROOT, name), stat)).toBe(0);
    expect([stat.mode & S_IFMT, stat.rdev]).toEqual([S_IFCHR, makeDevice(major as number, minor as number)]);
  }
  expect(cell().stat(cell().lookup(0, ROOT, 'stdin'), stat)).toBe(0);
  expect(stat.mode & S_IFMT).toBe(S_IFLNK);
  expect(cell().readlink(0, stat.inode)).toBe('/proc/self/fd/0');
  expect(cell().capabilities(1)).toBe(FS_PAGED | FS_VOLATILE);
});

test('has the disks that there are', () => {
  const fake = fakeFsKernel(8);
  fake.disks.push({ id: 1, name: 'vda' }, { id: 2, name: 'null' });
  const cell = devFilesystem.create(devFilesystem.layout.create(), fake.kernel);
  expect(cell.mount(1, '', '')).toBe(ROOT);
  const stat = createStat();
  expect(cell.stat(cell.lookup(0, ROOT, 'vda'), stat)).toBe(0);
  expect([stat.mode, stat.gid, stat.rdev]).toEqual([S_IFBLK | 0o660, 6, makeDevice(254, 1)]);
  // A name that is taken stays what it is.
  cell.stat(cell.lookup(0, ROOT, 'null'), stat);
  expect(stat.mode & S_IFMT).toBe(S_IFCHR);
});

test('pts holds the terminals that exist, each the property of who first looked', () => {
  const { fake, cell, transfer, names } = boot();
  const pts = cell().lookup(0, ROOT, 'pts');
  const stat = createStat();
  expect(names(pts)).toEqual([]);
  fake.terminals.push(1, 2);
  const first = cell().lookup(33, pts, '1');
  cell().stat(first, stat);
  expect([stat.uid, stat.gid, stat.mode, stat.rdev]).toEqual([1000, 5, S_IFCHR | 0o620, makeDevice(136, 1)]);
  cell().pin(first);
  transfer();
  expect(names(pts)).toEqual(['1', '2']);
  fake.terminals.splice(1, 1);
  expect(cell().lookup(0, pts, '1')).toBe(-ENOENT);
  expect(cell().lookup(0, pts, '2')).toBeGreaterThan(0);
  expect(cell().stat(first, stat)).toBe(0);
  transfer();
  cell().unpin(first);
  expect(() => cell().stat(first, stat)).toThrow('does not exist');
  transfer();
});

test('nodes can be made and removed', () => {
  const { cell, names } = boot();
  expect(cell().create(ROOT, 'initctl', S_IFIFO | 0o600, 0, 0, 0)).toBeGreaterThan(ROOT);
  expect(cell().unlink(ROOT, 'full', false)).toBe(0);
  expect(names(ROOT)).toContain('initctl');
  expect(names(ROOT)).not.toContain('full');
});
