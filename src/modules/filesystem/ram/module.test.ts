import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EEXIST, EROFS } from '../../../abi/linux/errno.ts';
import { S_IFCHR, S_IFDIR, S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat, type FileSystem, SB_SHIFT } from '../../../contracts/filesystem.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { type FakeFsKernel, fakeFsKernel, readFile, writeFile } from '../../../testing/fake-fs-kernel.ts';
import { commands, execute, type Subject } from '../../../testing/fs-commands.ts';
import { newNode } from '../../../testing/fs-model.ts';
import { ramFilesystem } from './module.ts';
import type { RamState } from './state.ts';

interface Ram extends Subject {
  readonly fake: FakeFsKernel;
  readonly root: number;
}

function boot(options = '', frames = 400): Ram {
  const fake = fakeFsKernel(frames);
  const schema = ramFilesystem.layout.versions.at(-1)?.schema as Schema<RamState>;
  let state = ramFilesystem.layout.create();
  const attach = (): void => {
    fake.cells['ram'] = ramFilesystem.create(state, fake.kernel);
  };
  attach();
  fake.types.set(1, 'ram');
  const cell = (): FileSystem => fake.cells['ram'] as FileSystem;
  return {
    fake,
    root: cell().mount(1, '', options),
    cell,
    transfer() {
      schema.check(state, 'ram');
      expect(ramFilesystem.layout.verify?.(state)).toBeNull();
      state = decode(schema, encode(schema, state).slice());
      attach();
    },
  };
}

describe('filesystem/ram', () => {
  test('does what the model does, whenever its state goes through bytes', () => {
    fc.assert(
      fc.property(commands(), (list) => {
        const ram = boot();
        const root = newNode(S_IFDIR, 0o755, null);
        execute(ram, root, new Map([[root, ram.root]]), list);
        ram.cell().unmount(1);
        expect(ram.fake.freeFrames()).toBe(400);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('lists every name that stays exactly once while others come and go', () => {
    const { cell, root } = boot();
    for (let i = 0; i < 10; i++) cell().create(root, `n${i}`, S_IFREG | 0o644, 0, 0, 0);
    const seen: string[] = [];
    for (let cookie = 0, step = 0; ; step++) {
      const entries = cell().list(0, root, cookie, 2);
      if (typeof entries === 'number') throw new Error('no listing');
      const last = entries.at(-1);
      if (last === undefined) break;
      cookie = last.next;
      seen.push(...entries.map((entry) => entry.name));
      cell().unlink(root, `n${step * 2}`, false);
      if (step < 3) cell().create(root, `new${step}`, S_IFREG | 0o644, 0, 0, 0);
    }
    for (const stays of ['n1', 'n3', 'n5', 'n7', 'n9'])
      expect(seen.filter((name) => name === stays)).toHaveLength(1);
  });

  test('a set-group-id directory hands its group down, and directories the bit', () => {
    const { cell, root } = boot();
    const stat = createStat();
    cell().setAttributes(root, { mode: 0o2775, gid: 77 });
    cell().stat(cell().create(root, 'f', S_IFREG | 0o644, 5, 6, 0), stat);
    expect([stat.uid, stat.gid, stat.mode & 0o7777]).toEqual([5, 77, 0o644]);
    cell().stat(cell().create(root, 'd', S_IFDIR | 0o755, 5, 6, 0), stat);
    expect([stat.gid, stat.mode & 0o7777]).toEqual([77, 0o2755]);
  });

  test('times are those of the clock, and reading follows relatime', () => {
    const { cell, root, fake } = boot();
    const stat = createStat();
    fake.clock = { seconds: 2000, nanoseconds: 7 };
    const file = cell().create(root, 'f', S_IFREG | 0o644, 0, 0, 0);
    cell().stat(root, stat);
    expect([stat.mtimeSeconds, stat.mtimeNanoseconds]).toEqual([2000, 7]);
    fake.clock = { seconds: 3000, nanoseconds: 8 };
    cell().accessed(file);
    cell().stat(file, stat);
    expect([stat.atimeSeconds, stat.atimeNanoseconds, stat.mtimeSeconds]).toEqual([3000, 8, 2000]);
    fake.clock = { seconds: 4000, nanoseconds: 9 };
    cell().accessed(file);
    cell().stat(file, stat);
    expect(stat.atimeSeconds).toBe(3000);
    cell().setAttributes(file, {
      atimeSeconds: 1,
      atimeNanoseconds: 2,
      mtimeSeconds: 3,
      mtimeNanoseconds: 4,
    });
    cell().stat(file, stat);
    expect([stat.atimeSeconds, stat.atimeNanoseconds, stat.mtimeSeconds, stat.mtimeNanoseconds]).toEqual([
      1, 2, 3, 4,
    ]);
    expect(stat.ctimeSeconds).toBe(4000);
  });

  test('truncation unmaps, frees pages, and what lay past the end never comes back', () => {
    const { cell, root, fake } = boot();
    const file = cell().create(root, 'f', S_IFREG | 0o644, 0, 0, 0);
    writeFile(fake, file, 0, new Uint8Array(10000).fill(9));
    expect(fake.freeFrames()).toBe(397);
    cell().setAttributes(file, { size: 10 });
    expect(fake.freeFrames()).toBe(399);
    expect(fake.truncations).toEqual([`${file}:1`]);
    cell().setAttributes(file, { size: 20 });
    expect(readFile(fake, file, 20)).toEqual(new Uint8Array(20).fill(9, 0, 10));
  });

  test('a removed file lives until its last holder lets go', () => {
    const { cell, root, fake } = boot();
    const file = cell().create(root, 'f', S_IFREG | 0o644, 0, 0, 0);
    writeFile(fake, file, 0, new Uint8Array(10).fill(3));
    cell().pin(file);
    expect(cell().unlink(root, 'f', false)).toBe(0);
    expect(readFile(fake, file, 10)).toEqual(new Uint8Array(10).fill(3));
    cell().unpin(file);
    expect(fake.freeFrames()).toBe(400);
    expect(() => cell().stat(file, createStat())).toThrow('does not exist');
  });

  test('device numbers are kept, and mount options are heard', () => {
    const { cell, root } = boot('mode=1777,uid=3,gid=4');
    const stat = createStat();
    cell().stat(root, stat);
    expect([root, stat.mode, stat.uid, stat.gid]).toEqual([SB_SHIFT + 1, S_IFDIR | 0o1777, 3, 4]);
    cell().stat(cell().create(root, 'null', S_IFCHR | 0o666, 0, 0, 2 ** 20 + 3), stat);
    expect(stat.rdev).toBe(2 ** 20 + 3);
    expect(cell().create(root, 'null', S_IFREG, 0, 0, 0)).toBe(-EEXIST);
    expect(
      boot('ro')
        .cell()
        .create(SB_SHIFT + 1, 'f', S_IFREG, 0, 0, 0),
    ).toBe(-EROFS);
  });
});
