import { expect, test } from 'vitest';
import { ENOENT } from '../../../abi/linux/errno.ts';
import { createStat, SB_SHIFT } from '../../../contracts/filesystem.ts';
import { createSpans, type Kernel } from '../../../contracts/kernel.ts';
import { fakeFsKernel } from '../../../testing/fake-fs-kernel.ts';
import type { ModuleEntry } from '../../../contracts/kernel.ts';
import { sysFilesystem } from './module.ts';

const entry = (name: string, active: boolean): ModuleEntry => ({
  slot: 'vm',
  name,
  guestName: name,
  version: '3.1.4',
  interfaces: ['file', 'shared'],
  active,
  size: 12,
  users: 1,
  description: 'd',
  default: false,
  loaded: false,
});

function boot(harts: number): { names(path: string): string[]; read(path: string): string | number } {
  const fake = fakeFsKernel(8);
  const kernel = {
    ...fake.kernel,
    machine: { ...fake.kernel.machine, layout: { codeMarkBase: 0, harts } },
    modules: { list: () => [entry('cow', false), entry('copy-on-write', true)] },
  } as unknown as Kernel;
  const cell = sysFilesystem.create(sysFilesystem.layout.create(), kernel);
  const root = cell.mount(3, '', '');
  expect(root).toBe(3 * SB_SHIFT + 1);
  const find = (path: string): number => {
    let at = root;
    for (const name of path.split('/')) if (at > 0 && name !== '') at = cell.lookup(1, at, name);
    return at;
  };
  return {
    names(path) {
      const inode = find(path);
      const entries = cell.list(1, inode, 0, 100);
      if (typeof entries === 'number') throw new Error(`list answered ${entries}`);
      for (const { name, inode: id, type } of entries) {
        const stat = createStat();
        expect(cell.lookup(1, inode, name)).toBe(id);
        expect(cell.stat(id, stat)).toBe(0);
        expect(stat.mode & 0o170000).toBe(type);
      }
      return entries.map(({ name }) => name);
    },
    read(path) {
      const inode = find(path);
      if (inode < 0) return inode;
      const into = { ...createSpans(), count: 1, total: 4096 };
      into.address[0] = 4096;
      into.length[0] = 4096;
      const count = cell.read(1, inode, 0, into);
      return count < 0 ? count : String.fromCharCode(...kernel.machine.u8.subarray(4096, 4096 + count));
    },
  };
}

test('says which processors there are', () => {
  expect(boot(1).read('devices/system/cpu/online')).toBe('0\n');
  expect(boot(4).read('devices/system/cpu/possible')).toBe('0-3\n');
  expect(boot(1).names('')).toEqual(['devices', 'kernel', 'module']);
});

test('has a directory for each module in place, under its guest name', () => {
  const sys = boot(1);
  expect(sys.names('module')).toEqual(['copy_on_write']);
  expect(sys.names('module/copy_on_write')).toContain('refcnt');
  expect(sys.read('module/copy-on-write/version')).toBe('3.1.4\n');
  expect(sys.read('module/copy_on_write/interfaces')).toBe('file\nshared\n');
  expect(sys.read('module/vm/version')).toBe('3.1.4\n');
  expect(sys.read('module/cow/version')).toBe(-ENOENT);
});
