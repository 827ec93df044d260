/** A root, and a folder, out of one archive: programs run from it, and every module below them is replaced meanwhile. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';

const root = debianRoot('--busybox-links', 'busybox-static');
const PACKAGE = path.resolve(import.meta.dirname, '../..');
const folder = fs.mkdtempSync(path.join(tmpdir(), 'strake-archive-'));
const archive = path.join(folder, 'root.tar');
const packed = path.join(folder, 'root.tar.gz');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The embedded programs, as a folder that GNU tar packs. */
beforeAll(() => {
  const manifest = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'userland/manifest.json'), 'utf8')) as {
    readonly files: readonly { readonly path: string; readonly source: string }[];
    readonly symlinks: readonly { readonly path: string; readonly target: string }[];
  };
  const root = path.join(folder, 'root');
  for (const name of ['bin', 'sbin', 'tmp', 'data/deep'])
    fs.mkdirSync(path.join(root, name), { recursive: true });
  for (const { path: to, source } of manifest.files) {
    fs.copyFileSync(path.join(PACKAGE, 'userland', source), root + to);
    fs.chmodSync(root + to, 0o755);
  }
  for (const { path: to, target } of manifest.symlinks) fs.symlinkSync(target, root + to);
  for (let i = 0; i < 40; i++) fs.writeFileSync(`${root}/data/deep/${i}`, `${i} `.repeat(i * 150));
  fs.linkSync(`${root}/data/deep/7`, `${root}/data/seven`);
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-cf', archive, '.']);
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-czf', packed, '.']);
});

const play = (script: string, options: GuestOptions): Promise<GuestRun> =>
  runGuest(['/bin/sh', '-c', script], { deterministic: true, digest: 'full', ...options });

const SCRIPT = `exec 3</data/deep/39; head -c 5000 <&3 | wc -c; cat /data/deep/[1-3]? | wc -c
cat /data/seven | wc -c; echo new >/data/seven; cat /data/deep/7; rm -r /data/deep; ls /data; wc -c <&3
cat /old/data/seven | wc -c; echo no >/old/data/seven; ls /old/data/deep | wc -l`;

test('a root below an overlay, and the same archive as a folder', async () => {
  const plain = await play(SCRIPT, { root: packed, mounts: [{ archive, guest: '/old' }] });
  const [head, , ...rest] = plain.stdout.split('\n');
  expect(Number(head)).toBe(5000);
  // What `head` took more than it gave is its own affair: of the first link to a file that was removed the rest is read.
  expect(rest).toEqual(['2100', 'new', 'seven', expect.stringMatching(/^\d{4,}$/), '2100', '40', '']);
  expect(plain.stderr).toMatch(/\/old\/data\/seven: .*read-only/i);
  for (const cells of [
    ['filesystem=tar'],
    ['filesystem=overlay', 'block=deadline', 'buffercache=two-queue'],
  ]) {
    const run = await play(SCRIPT, {
      root: packed,
      mounts: [{ archive, guest: '/old' }],
      replace: cells.map((cell) => `${cell}@every:1entries`),
      transfer: 'copy',
    });
    expect(run.stats.replacements.flatMap(({ failed }) => failed ?? [])).toEqual([]);
    expect(run.stats.replacements.length + run.stats.replacementsDropped).toBeGreaterThan(700);
    expect([run.stdout, run.digest]).toEqual([plain.stdout, plain.digest]);
  }
});

test.skipIf(root === null)('a guest mounts the archive on a disk, which it may do twice', async () => {
  const script = `mkdir /a /b; mount -t tar /dev/vda /a && mount -t tar /dev/vda /b && cat /a/data/deep/9 /b/data/deep/9 | wc -c
grep tar /proc/filesystems; umount /a; cat /b/data/deep/8 | wc -c; mount -t tar /dev/vdb /a; mount -t tar /dev/none /a`;
  const { stdout, stderr } = await play(script, {
    root: root as string,
    disks: [
      { name: 'vda', file: archive, readOnly: true },
      { name: 'vdb', ram: 1 << 20 },
    ],
  });
  expect(stdout).toBe('5400\n\ttar\n2400\n');
  expect(stderr).toMatch(/\/dev\/none/);
});

test('what can not be mounted says why', async () => {
  const refused = async (name: string, bytes: Uint8Array | null): Promise<string> => {
    const file = path.join(folder, name);
    if (bytes !== null) fs.writeFileSync(file, bytes);
    return runGuest(['true'], { root: file }).then(
      () => 'booted',
      (error: unknown) => (error as Error).message,
    );
  };
  const whole = fs.readFileSync(archive);
  expect(await refused('absent.tar', null)).toMatch(/absent\.tar: there is no such file/);
  expect(await refused('none.tar', Buffer.alloc(2048, 'none'))).toMatch(/no tar archive .*EINVAL/);
  expect(await refused('cut.tar', whole.subarray(0, whole.length / 2))).toMatch(/damaged or was cut short/);
  expect(await refused('cut.tgz', fs.readFileSync(packed).subarray(0, 5000))).toMatch(/can not be unpacked/);
});
