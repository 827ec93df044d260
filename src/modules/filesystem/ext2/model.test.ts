/** Random operations on real images, compared with the model of file systems, and e2fsck's word on what is left. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaintsOf, haveE2fsprogs, imageBytes, imageFolder } from '../../../../test/support/e2fsprogs.ts';
import { mountImage, SB } from '../../../../test/support/ext2-world.ts';
import { S_IFDIR } from '../../../abi/linux/stat.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { commands, execute } from '../../../testing/fs-commands.ts';
import { newNode } from '../../../testing/fs-model.ts';

const VARIANTS: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['blocks of 1 KiB, inodes of 128 bytes', ['-b', '1024', '-I', '128']],
  ['blocks of 1 KiB, inodes of 256 bytes', ['-b', '1024', '-I', '256']],
  ['blocks of 2 KiB', ['-b', '2048']],
  ['blocks of 4 KiB', ['-b', '4096']],
  ['many groups', ['-b', '1024', '-g', '512', '-N', '256']],
  ['no types in directories', ['-b', '1024', '-O', '^filetype,^dir_index']],
];

describe.skipIf(!haveE2fsprogs)('filesystem/ext2 against the model', () => {
  const folder = imageFolder();
  test.each(VARIANTS)('%s', (_, options) => {
    const image = imageBytes(folder, 2048, options);
    fc.assert(
      fc.property(commands(), (list) => {
        const world = mountImage(image);
        const node = newNode(S_IFDIR, 0o755, null);
        world.settled((cell) => cell.unlink(world.root, 'lost+found', true));
        execute(world, node, new Map([[node, world.root]]), list);
        world.settled((cell) => cell.sync?.(SB, false) ?? 0);
        const { free, filesFree } = world.cell().statfs(SB);
        const left = world.finish();
        expect(complaintsOf(folder, left)).toBe('');
        // What it counted is what the image says.
        const view = new DataView(left.buffer, left.byteOffset + 1024);
        expect([free, filesFree]).toEqual([view.getUint32(12, true), view.getUint32(16, true)]);
        expect(view.getUint16(58, true)).toBe(1);
      }),
      { numRuns: 12 },
    );
  });

  test('a mount that changes nothing leaves the image as it was', () => {
    const image = imageBytes(folder, 1024);
    const world = mountImage(image);
    const stat = createStat();
    world.settled((cell) => cell.stat(world.root, stat));
    world.cell().accessed(world.root);
    expect(complaintsOf(folder, world.finish())).toBe('');
    expect(Buffer.compare(world.disks.file(1), image)).toBe(0);
  });
});
