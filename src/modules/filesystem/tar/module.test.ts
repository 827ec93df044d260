/** Archives made by GNU tar and by hand, mounted on real disks and buffers, with the state sent through bytes at each wait. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { EINVAL, EIO, ENOENT, EOPNOTSUPP, EROFS, EUCLEAN } from '../../../abi/linux/errno.ts';
import { makeDevice, S_IFBLK, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat, type FileSystem, type Stat } from '../../../contracts/filesystem.ts';
import { decode, encode, type Schema } from '../../../contracts/schema.ts';
import { type FakeDisks, fakeDisks } from '../../../testing/fake-disk-kernel.ts';
import { readFile } from '../../../testing/fake-fs-kernel.ts';
import { settle } from '../../../testing/fs-commands.ts';
import { deadlineBlock } from '../../block/deadline/module.ts';
import { twoQueueBuffercache } from '../../buffercache/two-queue/module.ts';
import { tarFilesystem } from './module.ts';
import { tarLayout, type TarState } from './state.ts';

const SB = 3;
const folder = fs.mkdtempSync(path.join(tmpdir(), 'strake-tar-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface World {
  readonly disks: FakeDisks;
  readonly root: number;
  cell(): FileSystem;
  settled<T>(operation: (cell: FileSystem) => T | number): T | number;
  /** By its path; throws if it is not there. */
  find(path: string): number;
  stat(path: string): Stat;
  bytes(path: string): Uint8Array | number;
}

function mountArchive(archive: Uint8Array): World {
  const disks = fakeDisks({ block: deadlineBlock, buffercache: twoQueueBuffercache }, 1024);
  disks.addDisk('vda', 'host', archive, true);
  const { fake, kernel } = disks;
  const schema = tarLayout.versions[0]?.schema as Schema<TarState>;
  let state = tarLayout.create();
  let cell = tarFilesystem.create(state, kernel);
  fake.types.set(SB, 'tar');
  fake.cells['tar'] = cell;
  const transfer = (): void => {
    disks.transfer();
    schema.check(state, 'tar');
    expect(tarLayout.verify?.(state)).toBe(null);
    state = decode(schema, encode(schema, state).slice());
    fake.cells['tar'] = cell = tarFilesystem.create(state, kernel);
  };
  const settled = <T>(operation: (cell: FileSystem) => T | number): T | number =>
    settle(
      () => operation(cell),
      () => {
        transfer();
        disks.settle();
      },
    );
  const root = settled((now) => now.mount(SB, '/dev/vda', 'ro'));
  if (root < 0) expect(state).toEqual(tarLayout.create());
  const world: World = {
    disks,
    root,
    cell: () => cell,
    settled,
    find(name) {
      let at = root;
      for (const part of name.split('/').filter((word) => word !== '')) {
        at = settled((now) => now.lookup(0, at, part)) as number;
        if (at < 0) throw new Error(`${name}: ${at}`);
      }
      return at;
    },
    stat(name) {
      const stat = createStat();
      expect(cell.stat(world.find(name), stat)).toBe(0);
      return stat;
    },
    bytes: (name) => settled(() => readFile(fake, world.find(name), world.stat(name).size)),
  };
  return world;
}

/** A header by hand. */
function member(name: string, type: string, content: string | Uint8Array = '', change: object = {}): Buffer {
  const bytes = Buffer.from(content as string, 'latin1');
  const field = {
    mode: '0000644',
    size: bytes.length.toString(8),
    mtime: '14526200000',
    link: '',
    ...change,
  };
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write(field.mode, 100);
  header.write('0001750\0', 108);
  header.write('0000144\0', 116);
  header.write(field.size, 124, 12, 'latin1');
  header.write(field.mtime, 136, 12, 'latin1');
  header.write('        ', 148);
  header.write(type, 156);
  header.write(field.link, 157);
  header.write('ustar\x0000', 257, 'latin1');
  header.write('0000010\0', 329);
  header.write('0000021\0', 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
const END = Buffer.alloc(1024);
const archiveOf = (...members: readonly Buffer[]): Buffer => Buffer.concat([...members, END]);
const pax = (text: string): string => {
  let length = text.length + 3;
  while (`${length} ${text}\n`.length !== length) length++;
  return `${length} ${text}\n`;
};

const LONG = 'long-name-'.repeat(12);

/** Files of every kind that needs no privilege, with names of every length. */
function furnish(): string {
  const root = path.join(folder, 'tree');
  const deep = path.join(root, LONG, LONG, LONG);
  fs.mkdirSync(deep, { recursive: true });
  fs.writeFileSync(path.join(root, 'empty'), '');
  fs.writeFileSync(path.join(deep, LONG), 'deep');
  fs.writeFileSync(path.join(root, 'Größe'), Buffer.from(Array.from({ length: 9000 }, (_, i) => i & 255)));
  fs.writeFileSync(path.join(root, 'tool'), 'x'.repeat(4096), { mode: 0o4755 });
  fs.chmodSync(path.join(root, 'tool'), 0o4755);
  fs.linkSync(path.join(root, 'tool'), path.join(root, 'zz-same'));
  fs.symlinkSync('../x', path.join(root, 'short'));
  fs.symlinkSync(`/${LONG}/${LONG}`, path.join(root, 'far'));
  execFileSync('mkfifo', [path.join(root, 'pipe')]);
  fs.utimesSync(path.join(root, 'empty'), 1_600_000_000.25, 1_600_000_000.25);
  return root;
}

describe('what GNU tar packs', () => {
  const tree = furnish();
  test.each(['gnu', 'pax', 'ustar', 'v7'])('--format=%s', (format) => {
    const file = path.join(folder, `${format}.tar`);
    const simple = format === 'ustar' || format === 'v7';
    // The oldest format has no FIFOs.
    const left = simple ? [LONG, 'far', 'pipe'] : [];
    execFileSync(
      'tar',
      [
        '-C',
        tree,
        `--format=${format}`,
        ...left.flatMap((name) => ['--exclude', `./${name}`]),
        '-cf',
        file,
        '.',
      ],
      { stdio: 'pipe' },
    );
    const world = mountArchive(fs.readFileSync(file));
    let seen = 0;
    const visit = (name: string): void => {
      const there = fs.lstatSync(path.join(tree, name), { bigint: true });
      const here = world.stat(Buffer.from(name).toString('latin1'));
      const isFolder = there.isDirectory();
      expect([name, here.mode]).toEqual([name, Number(there.mode)]);
      expect([here.uid, here.gid]).toEqual([Number(there.uid), Number(there.gid)]);
      if (!isFolder || !simple) expect([name, here.links]).toEqual([name, Number(there.nlink)]);
      expect([name, here.mtimeSeconds]).toEqual([name, Number(there.mtimeNs / 1_000_000_000n)]);
      if (format === 'pax') expect(here.mtimeNanoseconds).toBe(Number(there.mtimeNs % 1_000_000_000n));
      if (there.isFile()) {
        const bytes = world.bytes(Buffer.from(name).toString('latin1'));
        expect(Buffer.compare(Buffer.from(bytes as Uint8Array), fs.readFileSync(path.join(tree, name)))).toBe(
          0,
        );
      }
      if (there.isSymbolicLink())
        expect(world.cell().readlink(0, here.inode)).toBe(fs.readlinkSync(path.join(tree, name)));
      seen++;
      if (!isFolder) return;
      const names = fs.readdirSync(path.join(tree, name)).filter((entry) => !left.includes(entry));
      const listed: string[] = [];
      for (let cookie = 0; ; ) {
        const part = world.cell().list(0, here.inode, cookie, 3);
        if (typeof part === 'number' || part.length === 0) break;
        listed.push(...part.map((entry) => Buffer.from(entry.name, 'latin1').toString()));
        cookie = part.at(-1)?.next ?? 0;
      }
      expect(listed.sort()).toEqual(names.sort());
      for (const entry of names) visit(path.join(name, entry));
    };
    visit('');
    expect(seen).toBeGreaterThan(simple ? 5 : 10);
    expect(world.stat('tool').inode).toBe(world.stat('zz-same').inode);
    expect(world.cell().lookup(0, world.root, 'absent')).toBe(-ENOENT);
    expect(world.cell().create(world.root, 'new', S_IFREG, 0, 0, 0)).toBe(-EROFS);
    expect(world.cell().setAttributes(world.find('tool'), { size: 0 })).toBe(-EROFS);
  });

  test('a sparse file is refused', () => {
    const file = path.join(folder, 'sparse');
    fs.writeFileSync(file, '');
    fs.truncateSync(file, 1 << 20);
    for (const format of ['gnu', 'pax']) {
      const packed = path.join(folder, 'sparse.tar');
      execFileSync('tar', ['-C', folder, '-S', `--format=${format}`, '-cf', packed, 'sparse']);
      expect(mountArchive(fs.readFileSync(packed)).root).toBe(-EOPNOTSUPP);
    }
  });
});

describe('what an archive may say', () => {
  test('devices, folders that no member names, and a later member in place of an earlier one', () => {
    const world = mountArchive(
      archiveOf(
        member('dev/sda', '4'),
        member('a/b/c', '0', 'first'),
        member('./a/b', '5', '', { mode: '0001777', size: '777' }),
        member('/a/b/c', '0', 'second!'),
        member('old/', '0'),
        member('l', '2', '', { link: 'a/b' }),
      ),
    );
    expect(world.stat('dev/sda')).toMatchObject({ mode: S_IFBLK | 0o644, rdev: makeDevice(8, 17), size: 0 });
    expect(world.stat('dev')).toMatchObject({ mode: S_IFDIR | 0o755, links: 2, uid: 1000, gid: 100 });
    expect(world.stat('a/b').mode).toBe(S_IFDIR | 0o1777);
    expect(world.stat('old').mode & S_IFMT).toBe(S_IFDIR);
    expect(Buffer.from(world.bytes('a/b/c') as Uint8Array).toString()).toBe('second!');
    expect(world.stat('').links).toBe(5);
    expect(world.cell().statfs(SB).files).toBe(8);
    expect(world.stat('l')).toMatchObject({ mode: S_IFLNK | 0o644, size: 3 });
  });

  test('pax keywords for one member and for all, sizes and times that octal digits do not hold', () => {
    const big = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]).toString('latin1');
    const before = Buffer.from([0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254]);
    const world = mountArchive(
      archiveOf(
        member('g', 'g', pax('gid=4000000')),
        member('x', 'x', pax('path=other') + pax('mtime=-1.25') + pax('size=3')),
        member('name', '0', 'abc', { size: '0' }),
        member('plain', '0', 'hello', { size: big, mtime: before.toString('latin1') }),
      ),
    );
    expect(world.stat('other')).toMatchObject({ size: 3, gid: 4_000_000, mtimeSeconds: -2 });
    expect(world.stat('other').mtimeNanoseconds).toBe(750_000_000);
    expect(Buffer.from(world.bytes('plain') as Uint8Array).toString()).toBe('hello');
  });

  test.each([
    ['a name out of the tree', [member('a/../../b', '0')], EUCLEAN],
    ['a link to what is not there', [member('a', '1', '', { link: 'b' })], EUCLEAN],
    ['a file for a folder', [member('a', '0'), member('a/b', '0')], EUCLEAN],
    ['a size that is none', [member('a', '0', '', { size: '9' })], EUCLEAN],
    ['a content behind the end', [member('a', '0', '', { size: '77777777' })], EUCLEAN],
    ['a part of another archive', [member('a', 'M')], EOPNOTSUPP],
    ['a pax record without an end', [member('x', 'x', '9999 path=a\n')], EUCLEAN],
  ] as const)('%s is refused', (_what, members, errno) => {
    expect(mountArchive(archiveOf(...members)).root).toBe(-errno);
  });

  test('what is no archive, or a compressed one', () => {
    expect(mountArchive(Buffer.alloc(4096, 7)).root).toBe(-EINVAL);
    expect(
      mountArchive(gzipSync(Buffer.concat([END, Buffer.alloc(4096)])).subarray(0, 512)).root,
    ).toBeLessThan(0);
    expect(mountArchive(END).root).toBeGreaterThan(0);
  });
});

describe('damage', () => {
  const whole = archiveOf(
    member('d', '5'),
    member('d/a', '0', 'x'.repeat(5000)),
    member('x', 'x', pax(`path=${LONG}`)),
    member('short', '0', 'y'.repeat(600)),
    member('d/b', '1', '', { link: 'd/a' }),
    member('s', '2', '', { link: 'd/a' }),
  );

  test('an archive that was cut is refused wherever it was cut', () => {
    expect(mountArchive(whole).root).toBeGreaterThan(0);
    for (let length = 512; length <= whole.length - 1024; length += 512)
      expect([length, mountArchive(whole.subarray(0, length)).root]).toEqual([length, -EUCLEAN]);
  });

  test('whatever bytes there are, a mount is refused or all of it can be read', () => {
    const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
    // A header that was changed but still checks is what gets furthest.
    const mend = (bytes: Buffer, at: number): void => {
      const header = bytes.subarray(at - (at % 512), at - (at % 512) + 512);
      header.write('        ', 148);
      header.write(
        `${header
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
        148,
      );
    };
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.boolean(), (changes, mended) => {
        const bytes = Buffer.from(whole);
        for (const { at, byte } of changes) bytes[at] = byte;
        if (mended) for (const { at } of changes) mend(bytes, at);
        const world = mountArchive(bytes);
        if (world.root < 0) return;
        const visit = (name: string): void => {
          const stat = world.stat(name);
          if ((stat.mode & S_IFMT) === S_IFREG) expect(world.bytes(name)).toHaveLength(stat.size);
          const entries = world.cell().list(0, stat.inode, 0, 100);
          if (typeof entries === 'number') throw new Error(`list answers ${entries}`);
          for (const entry of entries) if (!/^\.*$/.test(entry.name)) visit(`${name}/${entry.name}`);
        };
        visit('');
      }),
      { numRuns: 150 },
    );
  });

  test('a disk that fails gives EIO, at the mount and later, and no more than that', () => {
    const world = mountArchive(whole);
    world.disks.kernel.buffercache.drop(1);
    world.disks.failing = new Set(['read']);
    expect(world.bytes('d/a')).toBe(-EIO);
    expect(world.stat('d/a').size).toBe(5000);
    world.disks.failing = new Set();
    expect(world.bytes('d/a')).toHaveLength(5000);
    world.cell().unmount(SB);
    world.disks.kernel.buffercache.drop(1);
    world.disks.failing = new Set(['read']);
    expect(world.settled((cell) => cell.mount(SB, '/dev/vda', ''))).toBe(-EIO);
    world.disks.failing = new Set();
    expect(world.settled((cell) => cell.mount(SB, '/dev/vda', ''))).toBe(world.root);
    expect(world.cell().mount(SB + 1, '/dev/vdb', '')).toBe(-ENOENT);
  });
});
