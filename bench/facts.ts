/**
 * What a measurement depends on besides the programs: the machine, and the versions of what ran on it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { debianRoot } from '../test/support/roots.ts';
import { PACKAGES, ROWS } from './rows.ts';

/** Name and value, in the order in which they are shown. */
export type Facts = readonly (readonly [name: string, value: string])[];

/** Of the packages of the root, what the rows are about. */
const SHOWN = ['python3', 'lua5.4', 'sqlite3', 'gzip', 'xz-utils', 'cpp-14', 'libc6'];

export function facts(): Facts {
  const cpus = os.cpus();
  return [
    ['Processor', `${cpus[0]?.model.trim() ?? 'unknown'}, ${cpus.length} logical cores`],
    ['Memory', `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ['System', `${os.type()} ${os.release()}, ${os.arch()}`],
    ['Node', `${process.versions.node}, V8 ${process.versions.v8}`],
    ['QEMU', firstLine('qemu-riscv64-static')],
    ['Compilers', `${firstLine('riscv64-linux-gnu-gcc')}; ${firstLine('gcc')}`],
    ['Real programs', realPrograms()],
    ['Strake', strake()],
  ];
}

function firstLine(tool: string): string {
  try {
    return execFileSync(tool, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
  } catch {
    return `no ${tool}`;
  }
}

function realPrograms(): string {
  const fromNpm = ROWS.flatMap(({ name, kind }) => (kind.from === 'npm' ? [`${name} ${kind.version}`] : []));
  const root = debianRoot(...PACKAGES);
  if (root === null) return fromNpm.join(', ');
  const stamp = JSON.parse(readFileSync(path.join(root, 'var/lib/strake/guest-root.json'), 'utf8')) as {
    readonly suite: string;
    readonly contents: readonly { readonly name: string; readonly version: string }[];
  };
  const packages = stamp.contents.filter(({ name }) => SHOWN.includes(name));
  return [
    `Debian ${stamp.suite}`,
    ...packages.map(({ name, version }) => `${name} ${version}`),
    ...fromNpm,
  ].join(', ');
}

function strake(): string {
  const folder = path.join(import.meta.dirname, '..');
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  try {
    const git = ['describe', '--always', '--dirty', '--abbrev=10', '--exclude', '*'];
    return `${version}, ${execFileSync('git', git, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()}`;
  } catch {
    return version;
  }
}
