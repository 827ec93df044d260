/** Damaged images: whatever lies on the disk, an operation ends, with an error if need be, and the state stays sound. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { haveE2fsprogs, imageBytes, imageFolder } from '../../../../test/support/e2fsprogs.ts';
import { mountImage, SB, type World } from '../../../../test/support/ext2-world.ts';
import { EINVAL, EIO, EROFS, EUCLEAN } from '../../../abi/linux/errno.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { readFile, writeFile } from '../../../testing/fake-fs-kernel.ts';

const KIB = 512;

/** An image with a bit of everything. */
function furnished(folder: string, options: readonly string[]): Uint8Array {
  const world = mountImage(imageBytes(folder, KIB, options));
  let directory = world.root;
  for (let depth = 0; depth < 4; depth++) {
    const name = `directory-${depth}`;
    for (let i = 0; i < 12; i++) {
      const inode = world.settled((cell) => cell.create(directory, `file-${i}`, S_IFREG | 0o644, 0, 0, 0));
      if (i % 4 === 0)
        world.settled((cell) => cell.setExtended?.(inode as number, 'user.a', new Uint8Array(9 * i), 0) ?? 0);
      if (i % 3 === 0)
        world.settled(() => writeFile(world.fake, inode as number, i * 3000, new Uint8Array(5000).fill(i)));
    }
    world.settled((cell) => cell.symlink(directory, 'short', 'target', 0, 0));
    world.settled((cell) => cell.symlink(directory, 'long', 'x'.repeat(100), 0, 0));
    directory = world.settled((cell) => cell.create(directory, name, S_IFDIR | 0o755, 0, 0, 0)) as number;
  }
  return world.finish().slice();
}

const STEPS = 250;

/** Look at everything, and change what can be changed. Throws where an operation does, or never ends. */
function roam(world: World, seed: number): void {
  const stat = createStat();
  let steps = 0;
  const visit = (directory: number, depth: number): void => {
    const entries = world.settled((cell) => cell.list(0, directory, 0, 40));
    if (typeof entries === 'number') return;
    for (const { name, inode } of entries) {
      if (steps++ > STEPS) return;
      const found = world.settled((cell) => cell.lookup(0, directory, name)) as number;
      if (found < 0 || world.settled((cell) => cell.stat(inode, stat)) !== 0) continue;
      world.cell().pin(inode);
      world.settled((cell) => cell.readlink(0, inode));
      const names = world.settled((cell) => cell.listExtended?.(inode) ?? 0);
      for (const known of typeof names === 'number' ? [] : names)
        world.settled((cell) => cell.getExtended?.(inode, known) ?? 0);
      world.settled((cell) => cell.setExtended?.(inode, 'user.b', new Uint8Array(seed % 700), 0) ?? 0);
      const type = stat.mode & S_IFMT;
      if (type === S_IFREG) {
        world.settled(() => readFile(world.fake, inode, Math.min(stat.size, 40_000)));
        world.settled(() =>
          writeFile(world.fake, inode, (seed * 977) % 60_000, new Uint8Array(3000).fill(1)),
        );
        world.settled((cell) => cell.setAttributes(inode, { size: (seed * 331) % 20_000 }));
      }
      if (type === S_IFDIR && depth < 6) {
        visit(inode, depth + 1);
        world.settled((cell) => cell.create(inode, `new-${seed}`, S_IFDIR | 0o755, 0, 0, 0));
        world.settled((cell) => cell.rename(inode, 'file-1', directory, 'moved', 0));
        world.settled((cell) => cell.rename(directory, name, inode, 'inside', 0));
      }
      if ((seed + steps) % 3 === 0) world.settled((cell) => cell.unlink(directory, name, type === S_IFDIR));
      world.settled((cell) => cell.link(directory, 'linked', inode));
      world.cell().accessed(inode);
      world.cell().unpin(inode);
    }
  };
  visit(world.root, 0);
  world.cell().statfs(SB);
  world.transfer();
  world.settled((cell) => cell.sync?.(SB, true) ?? 0);
  world.transfer();
  world.cell().unmount(SB);
}

describe.skipIf(!haveE2fsprogs)('filesystem/ext2 on a damaged disk', () => {
  const folder = imageFolder();
  const images = [
    ['-b', '1024', '-g', '256', '-N', '128'],
    ['-b', '4096', '-N', '128'],
  ].map((options) => (haveE2fsprogs ? furnished(folder, options) : new Uint8Array()));

  test.each([0, 1])('never throws and never hangs (image %i)', { timeout: 120_000 }, (which) => {
    const image = images[which] as Uint8Array;
    // Where something lies; what is empty everywhere is not worth damaging.
    const used: number[] = [];
    for (let at = 0; at < image.length; at++) if (image[at] !== 0 && image[at] !== 0xff) used.push(at);
    const place = fc.oneof(
      fc.integer({ min: 1024, max: 1024 + 264 }),
      fc.integer({ min: 2048, max: 40_000 }),
      fc.nat(used.length - 1).map((i) => used[i] as number),
    );
    const value = fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.nat(255));
    const damages = fc.array(fc.tuple(place, value, fc.integer({ min: 1, max: 8 })), {
      minLength: 1,
      maxLength: 12,
    });
    let mounted = 0;
    const play = (list: readonly (readonly [number, number, number])[], seed: number): void => {
      const damaged = image.slice();
      for (const [at, byte, length] of list) damaged.fill(byte, at, at + length);
      const world = mountImage(damaged);
      if (world.root < 0) {
        expect([-EINVAL, -EUCLEAN, -EIO]).toContain(world.root);
        return;
      }
      mounted++;
      roam(world, seed);
    };
    fc.assert(fc.property(damages, fc.nat(1000), play), { numRuns: 150 });
    expect(mounted).toBeGreaterThan(30);
  });

  test('damage that a change meets makes the mount read-only', () => {
    const image = (images[0] as Uint8Array).slice();
    // The block bitmap of the first group, by its descriptor: all free.
    const bitmap = new DataView(image.buffer).getUint32(2048, true);
    image.fill(0, bitmap * 1024, bitmap * 1024 + 32);
    const world = mountImage(image);
    const create = (name: string): unknown =>
      world.settled((cell) => cell.create(world.root, name, S_IFDIR | 0o755, 0, 0, 0));
    let answer: unknown = 1;
    for (let i = 0; i < 20 && (answer as number) > 0; i++) answer = create(`d${i}`);
    expect(answer).toBe(-EUCLEAN);
    expect(create('another')).toBe(-EROFS);
  });

  const field = (at: number, value: number): Uint8Array => {
    const image = (images[0] as Uint8Array).slice();
    new DataView(image.buffer).setUint32(1024 + at, value, true);
    return image;
  };

  test('what is unknown and matters is refused, or not written to', () => {
    // extents; a journal to replay; 64 bits
    for (const feature of [0x40, 4, 0x80]) expect(mountImage(field(96, 2 | feature)).root).toBe(-EINVAL);
    const world = mountImage(field(100, 3 | 0x400));
    expect(world.root).toBeGreaterThan(0);
    expect(world.settled((cell) => cell.unlink(world.root, 'short', false))).toBe(-EROFS);
    expect(
      mountImage(images[0] as Uint8Array, 'ro').settled((cell) => cell.unlink(world.root, 'short', false)),
    ).toBe(-EROFS);
  });

  test.each([
    ['no magic', 56, 0],
    ['more blocks than the disk', 4, 1 << 20],
    ['no blocks in a group', 32, 0],
    ['inodes of no size', 88, 0],
    ['a block size of a gigabyte', 24, 20],
  ])('%s is refused', (_, at, value) => {
    expect([-EINVAL, -EUCLEAN]).toContain(mountImage(field(at, value)).root);
  });
});
