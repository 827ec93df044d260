/**
 * The built command in a package folder of its own, run as its users run it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildCommand } from '../../tools/build-command.ts';

export const REPOSITORY: string = path.resolve(import.meta.dirname, '../..');

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Built {
  /** The package's. */
  readonly folder: string;
  /** Run it. @param cache XDG_CACHE_HOME @param node options of Node's */
  run(args: readonly string[], cache: string, node?: readonly string[]): Ran;
  /** A folder that nobody has used. */
  fresh(): string;
  remove(): void;
}

/** Build the command. */
export async function built(): Promise<Built> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'strake-start-'));
  const folder = path.join(scratch, 'package');
  mkdirSync(folder);
  await buildCommand(path.join(folder, 'dist'));
  for (const name of ['userland', 'node_modules']) {
    symlinkSync(path.join(REPOSITORY, name), path.join(folder, name));
  }
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "strake", "type": "module" }');
  const main = path.join(folder, 'dist/cli/main.js');
  return {
    folder,
    run(args, cache, node = []) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [...node, main, ...args], {
        encoding: 'utf8',
        env: { ...process.env, XDG_CACHE_HOME: cache, NODE_OPTIONS: '' },
      });
      return { status, stdout, stderr };
    },
    fresh: () => mkdtempSync(path.join(scratch, 'cache-')),
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}
