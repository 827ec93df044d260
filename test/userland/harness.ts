/**
 * Runs guest programs under qemu-riscv64-static, the oracle for the userland until the kernel itself can be one.
 *
 * QEMU in user mode can not execute a riscv64 file that a guest names, unless the host is set up for it. So every program
 * gets a host script of its name that starts QEMU on it, and those scripts are the guest's PATH.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const QEMU = 'qemu-riscv64-static';
const USERLAND = resolve(import.meta.dirname, '../../userland');

export interface Manifest {
  readonly files: readonly { readonly path: string; readonly source: string; readonly mode: string }[];
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

export const manifest: Manifest = JSON.parse(readFileSync(join(USERLAND, 'manifest.json'), 'utf8'));

const exists = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).error === undefined;

export const haveQemu: boolean = exists(QEMU, '--version');
export const haveDash: boolean = exists('dash', '-c', ':');
export const haveCompiler: boolean = exists('riscv64-linux-gnu-gcc', '--version');
/** util-linux's `script` gives a pseudo-terminal. */
export const haveScript: boolean = exists('script', '--version');

/** A folder with a working directory and the guest's PATH; `remove` it afterwards. */
export interface Guest {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** One program of /bin with arguments. */
  run(name: string, ...args: string[]): Outcome;
  /** The same with a folder whose files come before the host's, and another kernel release. */
  runIn(root: string, release: string, name: string, ...args: string[]): Outcome;
  /** Text as a script of the guest's shell. */
  script(text: string, input?: string): Outcome;
  /** The same script in the host's dash with the host's tools. */
  reference(text: string): Outcome;
  remove(): void;
}

const outcome = (run: SpawnSyncReturns<string>): Outcome => ({
  stdout: run.stdout,
  stderr: run.stderr,
  status: run.status,
});

export function newGuest(): Guest {
  const root = mkdtempSync(join(tmpdir(), 'userland-'));
  const bin = join(root, 'bin');
  const folder = join(root, 'work');
  mkdirSync(bin);
  mkdirSync(folder);
  const names = [
    ...manifest.files.map((file) => [file.path, file.source] as const),
    ...manifest.symlinks.map((link) => [link.path, 'bin/toolbox'] as const),
  ];
  for (const [path, source] of names) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${QEMU} -0 ${name} '${join(USERLAND, source)}' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const base = { HOME: '/', LC_ALL: 'C', TZ: 'UTC' };
  // The scripts above need QEMU and sh of the host; guests find their own names first.
  const env = { ...base, PATH: `${bin}:/usr/local/bin:/usr/bin:/bin` };
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000 } as const;
  const fresh = (): void => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  };
  return {
    folder,
    env,
    run: (name, ...args) => outcome(spawnSync(join(bin, name), args, { ...options, env })),
    runIn: (prefix, release, name, ...args) => {
      const source = names.find(([path]) => path === `/bin/${name}`)?.[1] ?? '';
      const command = ['-L', prefix, '-r', release, '-0', name, join(USERLAND, source), ...args];
      return outcome(spawnSync(QEMU, command, { ...options, env }));
    },
    script: (text, input = '') => {
      fresh();
      return outcome(spawnSync(join(bin, 'sh'), ['-c', text], { ...options, env, input }));
    },
    reference: (text) => {
      fresh();
      const host = { ...base, PATH: '/usr/bin:/bin' };
      return outcome(spawnSync('dash', ['-c', text], { ...options, env: host, input: '' }));
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
