/** ext2 between the host's e2fsprogs and the guest: what the one writes the other reads, and e2fsck agrees. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaints, debugfs, e2fsprogs } from '../support/e2fsprogs.ts';
import { copyOf, folder, image, root, runScript } from './support.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const haveCompiler = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).error === undefined;
const LONG = { timeout: 120_000 };
const OK = { code: 0, signal: 0 };

/** Some of everything, on /mnt. */
const FILL = `
cd /mnt
cp /bin/busybox program
i=0; while [ $i -lt 40 ]; do mkdir -p tree/$((i % 5))/deep; echo "file $i" > tree/$((i % 5))/deep/a-file-with-a-long-name-$i; i=$((i + 1)); done
ln program hard; ln -s short fast
ln -s "$(printf '%080d' 7)" slow
mkfifo fifo; mknod device c 10 200
dd if=/dev/zero of=sparse bs=1 count=3 seek=70000000 2>/dev/null
mv tree/1 tree/2/moved; mv tree/3/deep/a-file-with-a-long-name-3 tree/0/deep/a-file-with-a-long-name-0
rm -r tree/4
chmod 4711 program; chown 70000:80000 fifo
seq 1 20000 > numbers; : > numbers-cut; seq 1 5000 >> numbers-cut; truncate -s 9999 numbers-cut
exec 7>unlinked; echo gone >&7; rm unlinked; echo more >&7; exec 7>&-
`;

describe.skipIf(root === null)('an image of mke2fs', LONG, () => {
  test.each([
    ['blocks of 1 KiB', ['-b', '1024']],
    ['blocks of 4 KiB', ['-b', '4096']],
    ['inodes of 128 bytes', ['-b', '1024', '-I', '128']],
  ])('is filled by the guest and read by debugfs: %s', async (_, options) => {
    const file = image(16384, options);
    const run = await runScript(FILL, {
      disks: [{ name: 'vda', file }],
      mounts: [{ disk: 'vda', guest: '/mnt' }],
    });
    expect([run.stderr, run.status]).toEqual(['', OK]);
    expect(complaints(file)).toBe('');
    const out = path.join(mkdtempSync(path.join(folder, 'dump-')), 'out');
    debugfs(file, `dump /program ${out}`);
    expect(Buffer.compare(readFileSync(out), readFileSync(path.join(root as string, 'bin/busybox')))).toBe(0);
    debugfs(file, `dump /numbers ${out}`);
    const numbers = Array.from({ length: 20_000 }, (__, i) => `${i + 1}\n`).join('');
    expect(readFileSync(out, 'latin1')).toBe(numbers);
    debugfs(file, `dump /numbers-cut ${out}`);
    expect(readFileSync(out, 'latin1')).toBe(numbers.slice(0, 9999));
    expect(debugfs(file, 'cat /tree/0/deep/a-file-with-a-long-name-0')).toMatch(/^file 3$/m);
    expect(debugfs(file, 'cat /tree/2/moved/deep/a-file-with-a-long-name-36')).toMatch(/^file 36$/m);
    expect(debugfs(file, 'stat /program')).toMatch(/Mode: +04711[^]*Links: 2/);
    expect(debugfs(file, 'stat /fifo')).toMatch(/Type: FIFO[^]*User: 70000 +Group: 80000/);
    expect(debugfs(file, 'stat /device')).toMatch(
      /Type: character special[^]*\(New-style\) 10:200|Device major\/minor number: 10:200/,
    );
    expect(debugfs(file, 'stat /fast')).toContain('Fast link dest: "short"');
    expect(debugfs(file, 'stat /sparse')).toMatch(/Size: 70000003[^]*Blockcount: (?:8|24)\n/);
    expect(debugfs(file, 'ls -p /')).not.toContain('/unlinked/');
  });

  test('filled by mke2fs -d and debugfs is read by the guest, a directory with an index too', async () => {
    const from = mkdtempSync(path.join(folder, 'from-'));
    mkdirSync(path.join(from, 'many'));
    for (let i = 0; i < 700; i++) writeFileSync(path.join(from, `many/a-name-that-takes-room-${i}`), `${i}`);
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >>> 7);
    writeFileSync(path.join(from, 'large'), large);
    writeFileSync(path.join(from, 'hole'), 'x');
    truncateSync(path.join(from, 'hole'), 5_000_000);
    symlinkSync('large', path.join(from, 'link'));
    const file = image(16384, ['-b', '1024', '-O', 'dir_index', '-d', from]);
    const extra = path.join(from, 'extra');
    writeFileSync(extra, 'put in by debugfs');
    debugfs(file, `write ${extra} extra`, true);
    // Gives the large directory its index.
    e2fsprogs('e2fsck', '-fyD', file);
    expect(debugfs(file, 'stat /many')).toContain('Flags: 0x1000');
    const before = copyOf(file);

    const look = `cd /mnt; ls many | wc -l; cat many/* | md5sum; md5sum < link; wc -c hole; md5sum < hole; cat extra; echo; df -k . | tail -1 | cut -c1-8`;
    const options = { disks: [{ name: 'vda', file }], mounts: [{ disk: 'vda', guest: '/mnt' }] };
    const read = await runScript(look, options);
    const again = await runScript(`cd ${from}; ls many | wc -l`, { mounts: [{ host: from, guest: from }] });
    expect(read.stdout.split('\n')[0]).toBe(again.stdout.trim());
    const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
    expect(read.stdout).toContain(md5(large));
    expect(read.stdout).toContain(md5(Buffer.concat([Buffer.from('x'), Buffer.alloc(4_999_999)])));
    expect(read.stdout).toContain('put in by debugfs');
    expect([read.stderr, read.status]).toEqual(['', OK]);
    expect(complaints(file)).toBe('');
    expect(Buffer.compare(readFileSync(file), readFileSync(before))).toBe(0);

    const changed = await runScript(
      'cd /mnt/many; rm a-name-that-takes-room-17 a-name-that-takes-room-5??; i=0; while [ $i -lt 60 ]; do echo $i > new-$i; i=$((i + 1)); done; mv new-7 ..; ls | wc -l',
      options,
    );
    expect([changed.stdout, changed.stderr]).toEqual([`${700 - 101 + 59}\n`, '']);
    expect(complaints(file)).toBe('');
    expect(debugfs(file, 'stat /many')).not.toContain('Flags: 0x1000');
  });

  test('is made, mounted, checked and listed by the guest itself', async () => {
    const run = await runScript(
      `mkfs.ext2 -q /dev/vda 2>/dev/null; mkdir /m; mount -t ext2 /dev/vda /m; grep /m /proc/mounts
${FILL.replaceAll('/mnt', '/m')}
cd /; umount /m; e2fsck -fn /dev/vda 2>/dev/null | tail -1 | cut -d: -f1
debugfs -R 'cat /tree/0/deep/a-file-with-a-long-name-0' /dev/vda 2>/dev/null
mount -o ro /dev/vda /m; cmp /m/program /bin/busybox; ! touch /m/x 2>/dev/null; ! umount /nowhere 2>/dev/null
umount /m; mount /dev/vda /m; mount /dev/vda /tmp 2>&1 | sed 's/.*failed/failed/'`,
      { disks: [{ name: 'vda', ram: 24 << 20 }] },
    );
    expect(run.stdout).toBe('/dev/vda /m ext2 rw 0 0\n/dev/vda\nfile 3\nfailed: Device or resource busy\n');
    expect([run.stderr, run.status]).toEqual(['', OK]);
  });

  test('mapped files are written back, by msync and without it', async () => {
    const file = image(4096);
    const run = await runScript(
      `cd /mnt; cp /usr/bin/sqlite3 /tmp/s; echo "pragma journal_mode=wal; pragma mmap_size=1000000; create table t(a); insert into t values(1),(2),(3);" | sqlite3 db
echo "pragma mmap_size=1000000; select sum(a) from t; pragma integrity_check;" | sqlite3 db`,
      { disks: [{ name: 'vda', file }], mounts: [{ disk: 'vda', guest: '/mnt' }] },
    );
    expect([run.stdout, run.stderr]).toEqual(['wal\n1000000\n1000000\n6\nok\n', '']);
    expect(complaints(file)).toBe('');
  });

  test.skipIf(!haveCompiler)(
    'a page that was written through a mapping is not lost when nothing can wait',
    async () => {
      const source = path.join(folder, 'map.c');
      const program = path.join(folder, 'map');
      writeFileSync(
        source,
        `#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  int fd = open("/mnt/file", O_RDWR | O_CREAT, 0600), disk = open("/dev/vda", O_RDONLY);
  ftruncate(fd, 20000);
  char *map = mmap(0, 20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  for (int i = 0; i < 20000; i += 5000) strcpy(map + i, "before");
  sync();
  for (int i = 0; i < 20000; i += 5000) strcpy(map + i, "behind");
  // The blocks and the inode are not at hand any more; the process ends without a word.
  return ioctl(disk, BLKFLSBUF, 0);
}`,
      );
      expect(spawnSync(COMPILER, ['-static', '-O1', '-w', '-o', program, source]).status).toBe(0);
      const file = image(1024);
      const run = await runScript('/tmp/map; cat /mnt/file | tr -d "\\0"', {
        disks: [{ name: 'vda', file }],
        mounts: [{ disk: 'vda', guest: '/mnt' }],
        files: { '/tmp/map': readFileSync(program) },
      });
      expect([run.stdout, run.stderr]).toEqual(['behind'.repeat(4), '']);
      expect(complaints(file)).toBe('');
      expect(debugfs(file, 'cat /file').replaceAll('\0', '')).toContain('behind'.repeat(4));
    },
  );

  test('a read-only disk is mounted read-only, and its file is not opened for writing', async () => {
    const file = image(1024);
    const run = await runScript(
      `! touch /mnt/x 2>&1; ! sh -c ': > /dev/vda' 2>&1; blockdev --getro /dev/vda; blockdev --getsize64 /dev/vda; blockdev --getss /dev/vda`,
      {
        disks: [{ name: 'vda', file, readOnly: true }],
        mounts: [{ disk: 'vda', guest: '/mnt', readOnly: true }],
      },
    );
    expect(run.stdout).toBe(
      "touch: /mnt/x: Read-only file system\nsh: can't create /dev/vda: Permission denied\n1\n1048576\n512\n",
    );
  });
});
