/** Files with pointers of every level: sparse writes and cuts, compared with a plain map of blocks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaintsOf, haveE2fsprogs, imageBytes, imageFolder } from '../../../../test/support/e2fsprogs.ts';
import { mountImage, SB, type World } from '../../../../test/support/ext2-world.ts';
import { EFBIG, ENOSPC } from '../../../abi/linux/errno.ts';
import { S_IFREG } from '../../../abi/linux/stat.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { writeFile } from '../../../testing/fake-fs-kernel.ts';

const PAGE = 4096;

/** Page indices around which the pointers of 1 KiB blocks change their level, and beyond 2 and 4 GiB. */
const PLACES = [0, 1, 2, 3, 66, 67, 68, 16450, 16451, 16452, 40000, 524288, 1048577];

interface Step {
  readonly kind: 'write' | 'cut' | 'check' | 'transfer';
  readonly page: number;
  readonly within: number;
  readonly byte: number;
}
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind']>('write', 'write', 'write', 'cut', 'check', 'transfer'),
    page: fc.constantFrom(...PLACES),
    within: fc.constantFrom(0, 1, 1023, 1024, 2500, 4000),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  { maxLength: 25 },
);

const made = (world: World, name: string): number =>
  world.settled((cell) => cell.create(world.root, name, S_IFREG | 0o644, 0, 0, 0)) as number;

function page(world: World, inode: number, index: number): Uint8Array {
  const { kernel } = world.disks;
  // As after a reclaim, so that the disk is asked.
  kernel.pagecache.truncate(inode, 0);
  const frame = world.settled(() => kernel.pagecache.get(inode, index, false)) as number;
  expect(frame).toBeGreaterThanOrEqual(0);
  return frame === 0 ? new Uint8Array(PAGE) : kernel.machine.u8.slice(frame * PAGE, (frame + 1) * PAGE);
}

describe.skipIf(!haveE2fsprogs)('filesystem/ext2', () => {
  const folder = imageFolder();

  test.each([
    ['1024', 600],
    ['4096', 600],
  ])('keeps large sparse files in blocks of %s bytes', (size, kib) => {
    const image = imageBytes(folder, kib * 4, ['-b', size]);
    const play = (list: readonly Step[]): void => {
      const world = mountImage(image);
      const inode = made(world, 'file');
      const model = new Map<number, Uint8Array>();
      const stat = createStat();
      let end = 0;
      for (const { kind, page: index, within, byte } of list) {
        const at = index * PAGE + within;
        if (kind === 'write') {
          const bytes = new Uint8Array(96).fill(byte);
          expect(world.settled(() => writeFile(world.fake, inode, at, bytes))).toBe(0);
          const held = model.get(index) ?? new Uint8Array(PAGE);
          held.set(bytes, within);
          model.set(index, held);
          end = Math.max(end, at + bytes.length);
        } else if (kind === 'cut') {
          expect(world.settled((cell) => cell.setAttributes(inode, { size: at }))).toBe(0);
          for (const [other, bytes] of model) if (other >= index) bytes.fill(0, other === index ? within : 0);
          end = at;
        } else if (kind === 'transfer') world.transfer();
        else expect(page(world, inode, index)).toEqual(model.get(index) ?? new Uint8Array(PAGE));
      }
      world.transfer();
      world.settled((cell) => cell.stat(inode, stat));
      expect(stat.size).toBe(end);
      for (const [index, bytes] of model) expect(page(world, inode, index)).toEqual(bytes);
      expect(complaintsOf(folder, world.finish().slice())).toBe('');
    };
    fc.assert(fc.property(steps, play), { numRuns: 25 });
  });

  test('says when the disk is full, loses nothing, and has room again afterwards', () => {
    const world = mountImage(imageBytes(folder, 512, ['-b', '1024']));
    const inode = made(world, 'file');
    const bytes = new Uint8Array(PAGE).fill(7);
    const before = world.cell().statfs(SB).free;
    let written = 0;
    let answer = 0;
    while (answer === 0) {
      answer = world.settled(() => writeFile(world.fake, inode, written * PAGE, bytes)) as number;
      if (answer === 0) written++;
    }
    expect(answer).toBe(-ENOSPC);
    expect(written).toBeGreaterThan(90);
    expect(page(world, inode, written - 1)).toEqual(bytes);
    expect(world.settled((cell) => cell.unlink(world.root, 'file', false))).toBe(0);
    expect(world.cell().statfs(SB).free).toBe(before);
    expect(complaintsOf(folder, world.finish())).toBe('');
  });

  test('has no more inodes than there are', () => {
    const world = mountImage(imageBytes(folder, 512, ['-b', '1024', '-N', '32']));
    let count = 0;
    while (made(world, `file-${count}`) > 0) count++;
    expect(made(world, 'one-more')).toBe(-ENOSPC);
    expect([count, world.cell().statfs(SB).filesFree]).toEqual([21, 0]);
    expect(complaintsOf(folder, world.finish())).toBe('');
  });

  test('refuses a size that no pointers reach', () => {
    const world = mountImage(imageBytes(folder, 512, ['-b', '1024']));
    const inode = made(world, 'file');
    expect(world.settled((cell) => cell.setAttributes(inode, { size: 2 ** 35 }))).toBe(-EFBIG);
    expect(complaintsOf(folder, world.finish())).toBe('');
  });

  test('a cut that must wait is finished before the file grows, and by a sync', () => {
    for (const grows of [true, false]) {
      const world = mountImage(imageBytes(folder, 8192, ['-b', '1024']));
      const inode = made(world, 'file');
      for (let index = 0; index < 1500; index++)
        world.settled(() => writeFile(world.fake, inode, index * PAGE, new Uint8Array(PAGE).fill(5)));
      world.settled((cell) => cell.sync?.(SB, false) ?? 0);
      world.disks.kernel.buffercache.drop(1);
      world.settled((cell) => cell.stat(inode, createStat()));
      const before = world.cell().statfs(SB).free;
      expect(world.settled((cell) => cell.setAttributes(inode, { size: 100 }))).toBe(0);
      expect(world.cell().statfs(SB).free).toBeLessThan(before + 5900);
      world.transfer();
      if (grows) {
        world.settled(() => writeFile(world.fake, inode, 900 * PAGE, new Uint8Array(PAGE).fill(6)));
        expect(page(world, inode, 899)).toEqual(new Uint8Array(PAGE));
        expect(page(world, inode, 0).indexOf(0)).toBe(100);
      }
      expect(complaintsOf(folder, world.finish())).toBe('');
    }
  });

  test('a page that was written through a mapping which is gone stays until a sync has written it', () => {
    const world = mountImage(imageBytes(folder, 512, ['-b', '1024']));
    const inode = made(world, 'file');
    world.settled(() => writeFile(world.fake, inode, 0, new Uint8Array(6000).fill(1)));
    world.settled((cell) => cell.sync?.(SB, false) ?? 0);
    const { kernel } = world.disks;
    const frame = kernel.pagecache.find(inode, 1);
    kernel.machine.u8.fill(2, frame * PAGE, (frame + 1) * PAGE);
    kernel.buffercache.drop(1);
    expect(world.cell().refills(inode, 1)).toBe(true);
    world.cell().dirtied?.(inode, 1);
    expect([world.cell().refills(inode, 0), world.cell().refills(inode, 1)]).toEqual([true, false]);
    world.transfer();
    expect(world.settled((cell) => cell.flush(inode))).toBe(0);
    expect(world.cell().refills(inode, 1)).toBe(true);
    // What lies behind the end of the file is not its content.
    const right = new Uint8Array(PAGE);
    right.fill(2, 0, 6000 - PAGE);
    expect(page(world, inode, 1)).toEqual(right);
    expect(complaintsOf(folder, world.finish())).toBe('');
  });

  test('keeps a removed file for its holders, and frees it when it was held over an unmount that never came', () => {
    const world = mountImage(imageBytes(folder, 512, ['-b', '1024']));
    const inode = made(world, 'file');
    world.settled(() => writeFile(world.fake, inode, 0, new Uint8Array(20_000).fill(9)));
    world.cell().pin(inode);
    world.settled((cell) => cell.unlink(world.root, 'file', false));
    expect(page(world, inode, 4)[0]).toBe(9);
    expect(world.settled((cell) => cell.sync?.(SB, true) ?? 0)).toBe(0);
    // In use: what a crash would leave is for e2fsck to put right, and it is told to look.
    expect(world.disks.file(1)[1024 + 58]).toBe(0);
    world.cell().unpin(inode);
    expect(complaintsOf(folder, world.finish())).toBe('');
  });
});
