/** A disk in a real browser: what was synced is there after a reload, in a page and in a worker, and e2fsck agrees. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { complaints, debugfs } from '../support/e2fsprogs.ts';
import { root } from '../disk/support.ts';
import { bundle } from './bundle.ts';
import { CHROMIUM, noChromium, visit } from './chromium.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'strake-browser-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const skipped = noChromium || root === null;

test.skipIf(skipped)(`a disk of ${CHROMIUM} outlives its page`, async () => {
  const archive = path.join(folder, 'root.tar.gz');
  execFileSync('tar', ['-C', root as string, '--use-compress-program=gzip -1', '-cf', archive, '.']);
  const { result, posts } = await visit({
    scripts: {
      '/page.js': await bundle('test/browser/disk-page.ts'),
      '/worker.js': await bundle('test/browser/disk-worker.ts'),
    },
    files: { '/root.tar.gz': archive },
  });
  expect(result['error']).toBeUndefined();
  const sum = /[0-9a-f]{32} {2}-\n/.exec(String(result['made']))?.[0];
  expect(result['made']).toBe(`125250\n${sum}exit 0\n`);
  expect(result['durabilities']).toEqual(['strict']);
  expect(result['again']).toBe(
    `${sum}3\n4\n5\n6\n7\n8\none\nok\n125250\n/dev/vda /mnt ext2 rw 0 0\nexit 0\n`,
  );
  expect(result['copied']).toBe(true);
  expect(result['size']).toBe(24 << 20);
  expect(result['busy']).toBe('disk work is open in another page or worker');
  // ENOSPC of the flush, not of the write that was gathered; EIO behind the end.
  expect(result['full']).toEqual([0, -28, 0, 7, 0, -5]);
  expect(result['gone']).toMatch(/there is no disk work/);

  const image = path.join(folder, 'disk.img');
  writeFileSync(image, posts.get('/image') ?? '');
  expect(complaints(image)).toBe('');
  expect(debugfs(image, 'cat /d/more')).toContain('more\n');
  // The page went without unmounting: whole, if in use, up to what was synced.
  writeFileSync(image, posts.get('/synced') ?? '');
  expect(debugfs(image, 'cat /d/one')).toContain('400\n');
  expect(debugfs(image, 'show_super_stats -h')).toContain('not clean');
});
