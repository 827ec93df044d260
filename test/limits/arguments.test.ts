import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../src/cli/run.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const USAGE = 2;
const FAILURE = 125;

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

function strake(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => void (stdout += String(data)));
    child.stderr.on('data', (data) => void (stderr += String(data)));
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** The arguments of `strake run`, the exit code, and what the one line must say. */
const WRONG: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
  [[], USAGE, /missing required argument 'program'/],
  [['--no-such-option', 'true'], USAGE, /unknown option '--no-such-option'/],
  [['--memory', '1', 'true'], USAGE, /between 4M and 3\.5G/],
  [['--memory', '8G', 'true'], USAGE, /between 4M and 3\.5G/],
  [['--memory', 'much', 'true'], USAGE, /a size such as 256M or 1G/],
  [['--memory', '-5', 'true'], USAGE, /a size such as/],
  [['--module', 'cpu=fast', 'true'], USAGE, /unknown slot 'cpu'; slots are engine, frames/],
  [['--module', 'vm', 'true'], USAGE, /SLOT=NAME/],
  [['--module', 'vm=cow@5ms', 'true'], USAGE, /use --replace/],
  [['--module', 'vm=no-such', 'true'], FAILURE, /no module 'no-such'; it has cow, paging, primitive/],
  [['--module', 'vm=./no-such.js', 'true'], FAILURE, /no-such\.js can not be loaded/],
  [['--module', `vm=${import.meta.filename}`, 'true'], FAILURE, /can not be loaded/],
  [['--replace', 'vm=cow', 'true'], USAGE, /say when: SLOT=NAME@200ms/],
  [['--replace', 'vm=cow@soon', 'true'], USAGE, /not a time; write 200ms/],
  [['--replace', 'vm=no-such@5ms', 'true'], FAILURE, /it has cow, paging, primitive/],
  [['--mount', '/tmp', 'true'], USAGE, /HOST:GUEST/],
  [['--mount', '/tmp:relative', 'true'], USAGE, /absolute guest path/],
  [['--mount', '/no/such/folder:/mnt', 'true'], FAILURE, /host folder \/no\/such\/folder: there is none/],
  [['--mount', '/etc/passwd:/mnt', 'true'], FAILURE, /host folder \/etc\/passwd: it is no folder/],
  [['--mount', '/tmp:/dev/null', 'true'], FAILURE, /\/dev\/null/],
  [['--root', '/no/such/folder', 'true'], FAILURE, /host folder \/no\/such\/folder: there is none/],
  [['--root', '/etc/passwd', 'true'], FAILURE, /it is no folder/],
  [['--seed', 'x', 'true'], USAGE, /write a number/],
  [['--user', 'root', 'true'], USAGE, /UID or UID:GID/],
  [['--user', '99999999999', 'true'], USAGE, /at most 4294967294/],
  [['--env', 'NOVALUE', 'true'], USAGE, /NAME=VALUE/],
  [['--transfer', 'fax', 'true'], USAGE, /move, copy/],
  [['--digest=half', 'true'], USAGE, /full, output/],
  [['--disk', 'vda', 'true'], USAGE, /NAME=FILE or NAME=ram:SIZE/],
  [['--disk', 'Vda=x', 'true'], USAGE, /lower-case name/],
  [['--disk', '../x=ram:1M', 'true'], USAGE, /lower-case name/],
  [['--disk', 'vda=ram:much', 'true'], USAGE, /write ram:64M/],
  [['--disk', 'vda=ram:1M', '--disk', 'vda=ram:1M', 'true'], USAGE, /two disks vda/],
  [['--mount', 'disk:vda:relative', 'true'], USAGE, /absolute guest path/],
  [['--disk', 'vda=/no/such/image', 'true'], FAILURE, /disk \/no\/such\/image: there is no such file/],
  [['--disk', 'vda=/tmp', 'true'], FAILURE, /disk \/tmp: EISDIR/],
  [['--disk', 'vda=/dev/null', 'true'], FAILURE, /disk \/dev\/null: it is no regular file/],
  [['--disk', 'vda=ram:1M', '--mount', 'disk:vda:/m', 'true'], FAILURE, /mount ext2 at \/m: EINVAL/],
  [['--mount', 'disk:none:/m', 'true'], FAILURE, /mount ext2 at \/m: ENOENT/],
  [['--stats', '/no/such/file', 'true'], FAILURE, /--stats \/no\/such\/file: ENOENT/],
  [['--cwd', '/no/such', 'true'], 127, /working directory \/no\/such/],
  [['no-such-program'], 127, /no-such-program/],
  [['/etc'], 126, /\/etc/],
];

/** What the command line itself refuses, without a process of its own. */
function usage(args: readonly string[]): Ended {
  let stderr = '';
  const command = runCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => void (stderr += text) });
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
    return { code: USAGE, stdout: '', stderr };
  }
  return { code: 0, stdout: '', stderr };
}

const REFUSED = WRONG.filter(([, code]) => code === USAGE);
const FAILED = [...REFUSED.slice(0, 2), ...WRONG.filter(([, code]) => code !== USAGE)];

describe('strake run', () => {
  test.each(REFUSED)('%j is wrong usage', (args, _code, says) => {
    const { code, stderr } = usage(args);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect(code).toBe(USAGE);
  });

  test.concurrent.each(FAILED)('%j: exit code %i', async (args, code, says) => {
    const ended = await strake('run', ...args);
    expect(ended.stderr).toMatch(/^(strake|error): [^\n]+\n$/);
    expect(ended.stderr).toMatch(says);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
  });

  test.concurrent.each(['4M', '3.5G'])('runs in --memory %s', async (size) => {
    expect(await strake('run', '--memory', size, 'true')).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

test.concurrent.each([[['no-such-command']], [['modules', '--no-such-option']]])(
  'strake %j: one line',
  async (args) => {
    const ended = await strake(...args);
    expect(ended.stderr).toMatch(/^error: [^\n]+\n/);
    expect(ended.code).toBe(USAGE);
  },
);
