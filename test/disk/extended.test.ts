/** Extended attributes on ext2, set by one side and read by the other: the guest, debugfs and e2fsck of the host. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaints, debugfs, haveE2fsprogs } from '../support/e2fsprogs.ts';
import { type GuestRun, runGuest } from '../support/guest.ts';
import type { GuestOptions } from '../support/guest.ts';
import { haveCompiler } from '../userland/harness.ts';
import { copyOf, folder, image } from './support.ts';

const PROGRAM = path.join(import.meta.dirname, '../abi/xattr-calls');

describe.runIf(haveCompiler && haveE2fsprogs)('extended attributes on a disk', { timeout: 120_000 }, () => {
  const built = path.join(folder, 'xattr-calls');
  if (haveCompiler && haveE2fsprogs)
    execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-w', '-o', built, `${PROGRAM}.c`]);
  const run = (file: string, script: string, options: GuestOptions = {}): Promise<GuestRun> =>
    runGuest(['/bin/sh', '-c', script], {
      deterministic: true,
      digest: 'full',
      disks: [{ name: 'vda', file }],
      mounts: [{ disk: 'vda', guest: '/mnt' }],
      files: { '/tmp/calls': readFileSync(built) },
      ...options,
    });
  // A file system without room for names of other systems, whose times are of whole seconds, and that allocates nothing.
  const comparable = (text: string): string => text.slice(0, text.indexOf('ctime moves'));
  const expected = comparable(readFileSync(`${PROGRAM}.expected`, 'latin1'));

  test.each([
    ['1024', []],
    ['4096', ['-O', '^ext_attr']],
  ] as const)('answers as Linux does, with blocks of %s', async (size, features) => {
    const file = image(4096, ['-b', size, ...features]);
    const fresh = copyOf(file);
    const script = 'cd /mnt && mkdir w && cd w && /tmp/calls';
    const plain = await run(file, script);
    expect(comparable(plain.stdout)).toBe(expected);
    expect(complaints(file)).toBe('');
    expect(debugfs(file, 'features')).toContain('ext_attr');
    const replaced = await run(fresh, script, {
      replace: ['filesystem=ext2@every:1entries'],
      transfer: 'copy',
    });
    expect([replaced.stdout, replaced.digest]).toEqual([plain.stdout, plain.digest]);
    expect(complaints(fresh)).toBe('');
    // What the calls by chance left on it.
    expect(debugfs(file, 'ea_list /w/sticky')).toMatch(/^ +(user|trusted|security)\.[a-z.]+ \(\d+\) = "/m);
  });

  test('what debugfs sets is kept, shared blocks are parted, and what debugfs removes is gone', async () => {
    const file = image(4096, ['-b', '1024', '-I', '128']);
    debugfs(file, 'mkdir w', true);
    debugfs(file, 'mkdir w/sticky', true);
    debugfs(file, 'ea_set /w/sticky user.host "from outside"', true);
    debugfs(file, 'ea_set /w/sticky user.second two', true);
    const block = /File ACL: (\d+)/.exec(debugfs(file, 'stat /w/sticky'))?.[1] ?? '0';
    expect(Number(block)).toBeGreaterThan(0);
    // Another inode with the same block, as Linux leaves them.
    debugfs(file, `set_inode_field /w file_acl ${block}`, true);
    debugfs(file, 'set_inode_field /w blocks 4', true);
    debugfs(file, `zap_block -o 4 -l 1 -p 2 ${block}`, true);
    expect(complaints(file)).toBe('');
    await run(file, 'cd /mnt/w && /tmp/calls >/dev/null');
    expect(complaints(file)).toBe('');
    expect(debugfs(file, 'ea_get /w user.host')).toContain('from outside');
    expect(debugfs(file, 'ea_get /w/sticky user.host')).toContain('from outside');
    expect(debugfs(file, 'ea_list /w')).not.toContain('trusted');
    expect(debugfs(file, 'ea_list /w/sticky')).toContain('trusted');
  });

  test('a file that goes gives its block back', async () => {
    const file = image(2048, ['-b', '1024']);
    const free = (): string => /Free blocks: +(\d+)/.exec(debugfs(file, 'show_super_stats -h'))?.[1] ?? '';
    await run(file, ':');
    const before = free();
    await run(file, 'cd /mnt && mkdir w && cd w && /tmp/calls >/dev/null && rm -r /mnt/w');
    expect(free()).toBe(before);
    expect(complaints(file)).toBe('');
  });
});
