/**
 * Runs the command in a process of its own, with module files in the guest's folder /m.
 *
 * A guest's module file locks the realm down for good; the tests' own realm is not to be. Holds the roots that the tests
 * run in: the embedded one, and Debian's busybox where it can be had.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { debianRoot } from '../support/roots.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

/** A scheduler module as a guest would bring it. */
export const FAIR: string = readFileSync(join(import.meta.dirname, 'fixtures/fair.mjs'), 'utf8');

export interface CommandRun {
  readonly stdout: string;
  /** Lines of the guest's and of the kernel's log. */
  readonly stderr: string;
  readonly status: number | null;
  /** What was written to file descriptor 3 of the process, which is nobody's business. */
  readonly other: string;
}

/** One program with its reported lines, and what the kernel logged. */
export async function strake(
  options: readonly string[],
  argv: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<CommandRun> {
  const folder = mkdtempSync(join(tmpdir(), 'strake-modules-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const mount = ['--mount', `${folder}:/m:ro`];
    return await command(['--import', 'tsx', MAIN, 'run', ...mount, ...options, '--', ...argv]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Node with these arguments, to its end. */
export function command(args: readonly string[]): Promise<CommandRun> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let other = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    (child.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => (other += text));
    child.on('error', fail);
    child.on('close', (status) => done({ stdout, stderr, status, other }));
  });
}

export interface Root {
  readonly name: string;
  readonly options: readonly string[];
}

/** Roots with insmod and its kin. */
export function roots(): readonly Root[] {
  const busybox = debianRoot('--busybox-links', 'busybox-static');
  const own: Root = { name: 'the embedded toolbox', options: [] };
  return busybox === null ? [own] : [{ name: "Debian's busybox", options: ['--root', busybox] }, own];
}
