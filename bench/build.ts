/**
 * Makes of a row what can be started: a program for either machine, its root, its working folder, its arguments.
 *
 * What can not be had on this host, a compiler or a package, is `Unavailable` with the reason; anything else is an error.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npmFile } from '../test/support/npm.ts';
import { debianRoot } from '../test/support/roots.ts';
import { type Input, type Kind, PACKAGES, type Row } from './rows.ts';

const HERE = import.meta.dirname;
const CROSS = 'riscv64-linux-gnu-gcc';
/** The host gets fused multiply-add, which riscv64 has. */
const NATIVE = ['-mfma'];

/** The row can not be run here; the message says why. */
export class Unavailable extends Error {}

export interface Job {
  /** for x86-64, or null: no program of the same source */
  readonly native: string | null;
  /** the riscv64 program: a path on the host, or in the root if there is one */
  readonly guest: string;
  readonly root: string | null;
  /** the working folder on the host, which guests get too */
  readonly folder: string | null;
  readonly args: readonly string[];
  /** what QEMU is told of the processor */
  readonly cpu: string | null;
  /** it executes itself, by what its last argument names */
  readonly launches: boolean;
}

/** @param scratch a folder of the caller's for what is built @param work of this run */
export function build(row: Row, work: number, scratch: string): Job {
  switch (row.kind.from) {
    case 'c':
      return buildC(row.kind, work, scratch);
    case 'debian':
      return debian(row, row.kind, work, scratch);
    case 'npm':
      return npm(row.kind, work);
  }
}

function buildC(kind: Kind & { from: 'c' }, work: number, scratch: string): Job {
  const source = path.join(HERE, kind.source);
  const program = path.join(scratch, path.basename(kind.source, '.c'));
  const [guest, native] = [`${program}.riscv64`, `${program}.native`];
  const flags = ['-O2', '-static', '-pthread', source, '-lm', '-o'];
  if (!existsSync(guest)) tool(CROSS, [`-march=${kind.march ?? 'rv64gc'}`, ...flags, guest]);
  if (!existsSync(native)) tool('gcc', [...(kind.native ?? NATIVE), ...flags, native]);
  return {
    native,
    guest,
    root: null,
    folder: null,
    args: [...(kind.args ?? []), String(work)],
    cpu: kind.cpu ?? null,
    launches: kind.launches ?? false,
  };
}

function debian(row: Row, kind: Kind & { from: 'debian' }, work: number, scratch: string): Job {
  const root = debianRoot(...PACKAGES);
  if (root === null) throw new Unavailable(`no Debian root with ${PACKAGES.join(', ')}`);
  if (!existsSync(path.join(root, kind.program)))
    throw new Unavailable(`the Debian root has no ${kind.program}`);
  const folder = path.join(scratch, row.name);
  cpSync(path.join(HERE, 'inputs'), folder, { recursive: true });
  if (kind.input !== undefined) makeInput(kind.input, work, row.work, folder);
  return {
    native: null,
    guest: kind.program,
    root,
    folder,
    args: kind.args(work),
    cpu: null,
    launches: false,
  };
}

function npm(kind: Kind & { from: 'npm' }, work: number): Job {
  const guest = npmFile(kind.package, kind.version, kind.program);
  if (guest === null) throw new Unavailable(`no ${kind.package} from npm`);
  return {
    native: null,
    guest,
    root: null,
    folder: path.join(HERE, '../node_modules'),
    args: kind.args(work),
    cpu: null,
    launches: false,
  };
}

function makeInput(input: Input, work: number, full: number, folder: string): void {
  const file = path.join(folder, input.file);
  switch (input.kind) {
    case 'text':
      writeFileSync(file, text(work * 1000));
      break;
    case 'template': {
      const source = readFileSync(path.join(HERE, 'inputs', input.source), 'utf8');
      writeFileSync(file, source.replaceAll('$WORK', String(work)));
      break;
    }
    case 'preprocessed': {
      const source = path.join(HERE, work < full ? input.small : input.source);
      tool(CROSS, ['-E', '-O2', source, '-o', file]);
      break;
    }
  }
}

/** @returns so many words, the same each time */
function text(words: number): string {
  const out: string[] = [];
  let state = 1;
  for (let i = 0; i < words; i++) {
    state = (state * 16_807) % 2_147_483_647;
    out.push(`word${(state >> 8) % 1000}${state % 17 === 0 ? '.\n' : ''}`);
  }
  return out.join(' ');
}

function tool(name: string, args: readonly string[]): void {
  try {
    execFileSync(name, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Unavailable(`no ${name} on this host`);
    throw error;
  }
}
