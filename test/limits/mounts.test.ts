import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compile, haveCompiler, Scratch, TestKernel } from './support.ts';

const SECRET = 'host secret';

/** Everything there is below a folder; names as byte strings. */
function snapshot(folder: string, below: Buffer = Buffer.from(folder)): string[] {
  return fs.readdirSync(below, { encoding: 'buffer' }).flatMap((entry) => {
    const path = Buffer.concat([below, Buffer.from('/'), entry]);
    const stat = fs.lstatSync(path);
    let content = stat.isFile() ? fs.readFileSync(path, 'latin1') : '';
    if (stat.isSymbolicLink()) content = fs.readlinkSync(path);
    const time = stat.isDirectory() ? '' : stat.mtimeMs;
    const line = `${path.toString('latin1')} ${stat.mode} ${stat.nlink} ${time} ${content}`;
    return stat.isDirectory() ? [line, ...snapshot(folder, path)] : [line];
  });
}

describe('a mounted folder', () => {
  const scratch = new Scratch();
  let round = 0;
  let top = '';
  let inside = '';
  let outside = '';
  beforeEach(() => {
    top = scratch.path(String(round++));
    inside = `${top}/inside`;
    outside = `${top}/outside`;
    fs.mkdirSync(`${inside}/d`, { recursive: true });
    fs.mkdirSync(outside);
    fs.writeFileSync(`${outside}/secret`, SECRET);
    fs.writeFileSync(`${inside}/d/file`, 'file');
    fs.symlinkSync('../outside', `${inside}/host-relative`);
    fs.symlinkSync(outside, `${inside}/host-absolute`);
    fs.symlinkSync(`${outside}/secret`, `${inside}/host-file`);
    spawnSync('mkfifo', [`${inside}/host-pipe`]);
  });
  afterAll(() => scratch.remove());

  describe.skipIf(!haveCompiler)('and a program that tries to leave it', () => {
    let escape: Uint8Array;
    beforeAll(() => {
      escape = compile(scratch, 'escape');
    });

    test.each([false, true])('stays inside, read-only: %s', async (readOnly) => {
      const kernel = await TestKernel.boot({
        memory: 64 << 20,
        mounts: [{ host: inside, guest: '/mnt', readOnly }],
      });
      const before = snapshot(outside);
      const within = snapshot(inside);
      await kernel.install('/tmp/escape', escape);
      const { stdout, status } = await kernel.run(['/tmp/escape', outside]);
      expect([stdout, status]).toEqual(['done\n', 0]);
      expect(snapshot(outside)).toEqual(before);
      expect(fs.readdirSync(top).sort()).toEqual(['inside', 'outside']);
      const after = snapshot(inside);
      if (readOnly) expect(after).toEqual(within);
      else expect(after.length).toBeGreaterThan(within.length);
      // Nodes and pipes are the guest's alone.
      for (const name of ['node', 'memory', 'fifo']) expect(fs.existsSync(`${inside}/${name}`)).toBe(false);
      await kernel.kernel.shutdown();
    });

    test('as the root stays inside and is not written', async () => {
      fs.mkdirSync(`${inside}/mnt`);
      const kernel = await TestKernel.boot({ memory: 64 << 20, root: inside });
      const before = snapshot(top);
      await kernel.install('/escape', escape);
      expect(await kernel.run(['/escape', outside])).toMatchObject({ stdout: 'done\n', status: 0 });
      expect(snapshot(top)).toEqual(before);
      await kernel.kernel.shutdown();
    });
  });

  test('is not left where the host swaps a folder for a symlink after it was listed', async () => {
    const kernel = await TestKernel.boot({ memory: 64 << 20, mounts: [{ host: inside, guest: '/mnt' }] });
    expect((await kernel.sh('ls /mnt/d; cat /mnt/d/file')).stdout).toBe('file\nfile');
    fs.rmSync(`${inside}/d`, { recursive: true });
    fs.symlinkSync('../outside', `${inside}/d`);
    fs.writeFileSync(`${outside}/file`, SECRET);
    const before = snapshot(outside);
    const script =
      'cat /mnt/d/secret; echo x >/mnt/d/new; echo x >>/mnt/d/file; rm /mnt/d/file; mkdir /mnt/d/sub; ls /mnt/d';
    expect((await kernel.sh(script)).stdout).not.toContain(SECRET);
    expect(snapshot(outside)).toEqual(before);
    await kernel.kernel.shutdown();
  });

  test.each([false, true])('may hold a file larger than guest memory, read-only: %s', async (readOnly) => {
    const large = Buffer.alloc(14 << 20, 'a line of text that is long enough\n');
    fs.writeFileSync(`${inside}/large`, large);
    const mounts = [{ host: inside, guest: '/mnt', readOnly }];
    const kernel = await TestKernel.boot({ memory: 8 << 20, deterministic: true, mounts });
    const counted = `${large.length}\n`;
    expect((await kernel.sh('cat /mnt/large | wc -c')).stdout.trim()).toBe(counted.trim());
    if (!readOnly) {
      expect(await kernel.sh('cat /mnt/large >/mnt/copy; echo x >>/mnt/copy')).toMatchObject({ stderr: '' });
      expect(fs.readFileSync(`${inside}/copy`, 'latin1')).toBe(`${large.toString('latin1')}x\n`);
      // What was written and dropped is read again as it was written.
      expect((await kernel.sh('cat /mnt/copy')).stdout === `${large.toString('latin1')}x\n`).toBe(true);
    }
    await kernel.kernel.shutdown();
  });

  test('keeps what was written to a removed file when memory runs low', async () => {
    fs.writeFileSync(`${inside}/large`, Buffer.alloc(14 << 20, 'x'));
    fs.writeFileSync(`${inside}/removed`, Buffer.alloc(1 << 20, 'before\n'));
    const mounts = [{ host: inside, guest: '/mnt' }];
    const kernel = await TestKernel.boot({ memory: 8 << 20, deterministic: true, mounts });
    const script =
      'exec 3<>/mnt/removed; rm /mnt/removed; printf "after-" >&3; cat /mnt/large >/dev/null; head -n 1 /proc/self/fd/3';
    expect(await kernel.sh(script)).toMatchObject({ stdout: 'after-\n', stderr: '' });
    expect(fs.readdirSync(inside)).not.toContain('removed');
    await kernel.kernel.shutdown();
  });

  test('as a root may hold more than guest memory, and what was changed above stays', async () => {
    fs.mkdirSync(`${inside}/bin`);
    const shell = resolve(import.meta.dirname, '../../userland/bin');
    for (const name of ['sh', 'toolbox']) fs.copyFileSync(`${shell}/${name}`, `${inside}/bin/${name}`);
    fs.symlinkSync('toolbox', `${inside}/bin/cat`);
    fs.writeFileSync(`${inside}/large`, Buffer.alloc(24 << 20, 'x'));
    fs.writeFileSync(`${inside}/changed`, 'the first page of a file\n'.repeat(400));
    const kernel = await TestKernel.boot({ memory: 12 << 20, deterministic: true, root: inside });
    const script = 'echo above >>/changed; cat /large >/dev/null; cat /large >/dev/null; cat /changed';
    const { stdout, stderr } = await kernel.sh(script);
    expect([stdout, stderr]).toEqual([`${'the first page of a file\n'.repeat(400)}above\n`, '']);
    await kernel.kernel.shutdown();
  });

  test('that is read-only answers EROFS to every change', async () => {
    const kernel = await TestKernel.boot({
      memory: 64 << 20,
      mounts: [{ host: inside, guest: '/mnt', readOnly: true }],
    });
    const before = snapshot(inside);
    for (const change of [
      'echo x >/mnt/new',
      'echo x >>/mnt/d/file',
      'mkdir /mnt/sub',
      'rm /mnt/d/file',
      'mv /mnt/d /mnt/e',
      'chmod 777 /mnt/d/file',
      'ln -s x /mnt/link',
      'touch /mnt/d/file',
      'cp /mnt/d/file /mnt/d/copy',
      'rmdir /mnt/d',
    ]) {
      const { stderr, stdout } = await kernel.sh(`${change}; echo $?`);
      expect([change, stdout]).not.toEqual([change, '0\n']);
      expect([change, stderr]).toEqual([change, expect.stringMatching(/read-only file system/i)]);
    }
    expect(snapshot(inside)).toEqual(before);
    await kernel.kernel.shutdown();
  });
});
