/** `strake run`: options, streams and exit codes, through the command itself. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelStats } from '../../src/api/stats.ts';
import { REPOSITORY, strake } from './strake.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'strake-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('exit codes', () => {
  it.each([
    ['the program’s own', ['sh', '-c', 'exit 42'], 42],
    ['128 and the signal', ['sh', '-c', 'kill -TERM $$'], 143],
    ['127 where there is no such program', ['no-such-program'], 127],
    ['127 where there is no such path', ['/bin/none/such'], 127],
    ['126 for what is no program', ['--mount', '.:/m:ro', '/m/package.json'], 126],
    ['126 for a folder', ['/bin'], 126],
    ['125 for a folder of the host that is not there', ['--root', '/no/such/folder', 'sh'], 125],
    ['125 for a mount that is not there', ['--mount', '/no/such/folder:/m', 'true'], 125],
    ['125 for a module that is not there', ['--module', 'scheduler=nope', 'true'], 125],
    ['2 for an option that is not there', ['--nope', 'true'], 2],
    ['2 for a replacement without a time', ['--replace', 'scheduler=round-robin', 'true'], 2],
    ['2 for a size that is none', ['--memory', 'much', 'true'], 2],
    ['2 without a program', [], 2],
  ])('%s', async (_name, args, status) => {
    const result = await strake(['run', ...args]);
    expect(result.status).toBe(status);
    if (status !== 42 && status !== 143) expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/ at .*\.ts:/);
  });
});

describe('streams and surroundings', () => {
  it('pipes standard input through, and keeps output and errors apart', async () => {
    const result = await strake(['run', 'sh', '-c', 'cat; echo problem >&2'], 'one\ntwo\n');
    expect(result).toEqual({ status: 0, stdout: 'one\ntwo\n', stderr: 'problem\n' });
  });

  it('passes options after the program on to it', async () => {
    const { stdout } = await strake(['run', 'echo', '--digest', '-t', '--help']);
    expect(stdout).toBe('--digest -t --help\n');
  });

  it('sets environment, working directory and user', async () => {
    const options = ['--env', 'A=1', '--env', 'B=x=y', '--cwd', '/tmp', '--user', '1000:100'];
    const { stdout } = await strake([
      'run',
      ...options,
      'sh',
      '-c',
      'echo $A $B; pwd; echo x >f; stat -c "%u %g" f',
    ]);
    expect(stdout).toBe('1 x=y\n/tmp\n1000 100\n');
  });

  it('puts a program of the host into the guest', async () => {
    const program = path.join(REPOSITORY, 'userland/bin/hello');
    const result = await strake(['run', '--host-program', program, 'you']);
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('you');
    expect((await strake(['run', '--host-program', '/no/such/program'])).status).toBe(127);
  });
});

describe('mounts', () => {
  it('writes through to a folder of the host', async () => {
    writeFileSync(path.join(folder, 'in'), 'from the host\n');
    const result = await strake([
      'run',
      '--mount',
      `${folder}:/m`,
      'sh',
      '-c',
      'cat /m/in; echo guest >/m/out',
    ]);
    expect(result).toEqual({ status: 0, stdout: 'from the host\n', stderr: '' });
    expect(readFileSync(path.join(folder, 'out'), 'utf8')).toBe('guest\n');
  });

  it('does not write to one that is read-only', async () => {
    const { status, stderr } = await strake(['run', '--mount', `${folder}:/m:ro`, 'touch', '/m/new']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Read-only file system/);
    expect(() => readFileSync(path.join(folder, 'new'))).toThrow();
  });
});

describe('what a run says of itself', () => {
  it('writes figures as JSON', async () => {
    const file = path.join(folder, 'stats.json');
    const replace = ['--replace', 'scheduler=round-robin@50entries'];
    const { status } = await strake([
      'run',
      '--stats',
      file,
      ...replace,
      'sh',
      '-c',
      'seq 50 | sort | wc -l',
    ]);
    expect(status).toBe(0);
    const stats = JSON.parse(readFileSync(file, 'utf8')) as KernelStats;
    for (const field of ['wallNs', 'guestNs', 'instructions', 'kernelEntries', 'contextSwitches'] as const) {
      expect(stats[field], field).toBeGreaterThan(0);
    }
    expect(stats.syscalls['write']).toBeGreaterThan(0);
    expect(stats.memory.freeBytes).toBeLessThan(stats.memory.totalBytes);
    expect(stats.replacements).toHaveLength(1);
    expect(stats.replacements[0]).toMatchObject({
      slot: 'scheduler',
      from: 'time-sharing',
      to: 'round-robin',
    });
    expect(stats.replacements[0]?.atEntry).toBeGreaterThanOrEqual(50);
    expect(stats.replacements[0]?.pauseNs).toBeGreaterThan(0);
  });

  it('lists system calls', async () => {
    const { stderr } = await strake(['run', '--syscalls', 'true']);
    expect(stderr).toMatch(/calls {2}system call\n/);
    expect(stderr).toMatch(/^ +\d+ {2}exit_group$/m);
  });

  it('prints each system call as it was made, those too that change their registers', async () => {
    const { stderr } = await strake(['run', '--strace', 'sh', '-c', '/bin/hello; nosuch']);
    expect(stderr).toMatch(/^\[3\] execve\(0x[0-9a-f]+, 0x[0-9a-f]+, 0x[0-9a-f]+\) = \?$/m);
    expect(stderr).toMatch(/^\[3\] write\(1, 0x[0-9a-f]+, 13\) = 13$/m);
    expect(stderr).toMatch(/^\[2\] wait4\(-1, .*\) = 3$/m);
  });

  it('prints the same digest for the same run, and another for another', async () => {
    const digest = async (text: string): Promise<string> => {
      const { stderr } = await strake(['run', '--deterministic', '--digest', 'sh', '-c', 'cat; date'], text);
      expect(stderr).toMatch(/^digest [0-9a-f]{32}$/m);
      return stderr;
    };
    const [first, again, other] = await Promise.all([digest('a'), digest('a'), digest('b')]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('takes --digest for the program’s output alone', async () => {
    const run = (script: string): ReturnType<typeof strake> =>
      strake(['run', '--deterministic', '--digest=output', 'sh', '-c', script]);
    const [one, same, other] = await Promise.all([run('echo x'), run('true; true; echo x'), run('echo y')]);
    expect(same.stderr).toBe(one.stderr);
    expect(other.stderr).not.toBe(one.stderr);
  });
});

describe('help', () => {
  it.each([['run'], ['demo'], ['modules']])('%s has examples and exits with 0', async (command) => {
    const { status, stdout } = await strake([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain(`$ strake ${command}`);
  });

  it('lists modules as JSON', async () => {
    const { stdout } = await strake(['modules', '--json']);
    const modules = JSON.parse(stdout) as readonly { readonly slot: string; readonly name: string }[];
    expect(modules.map(({ slot, name }) => `${slot}=${name}`)).toEqual(
      expect.arrayContaining(['scheduler=time-sharing', 'scheduler=round-robin', 'vm=cow', 'vm=primitive']),
    );
  });
});
