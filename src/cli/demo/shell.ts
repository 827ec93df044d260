/**
 * `strake demo --shell`: an interactive shell on the demo's root, and which shell a root has.
 */
import fs from 'node:fs';
import path from 'node:path';
import { complain, EXIT_NOT_FOUND } from '../exit.ts';
import { DEFAULT_PROBATION } from '../../api/kernel.ts';
import { run } from '../run.ts';

const HINT = `A shell on Strake. The kernel's parts are modules: try lsmod and modprobe round-robin. exit ends it.
`;

const FOLDERS = ['bin', 'usr/bin', 'sbin', 'usr/sbin'];
const SHELLS = [['sh'], ['bash'], ['dash'], ['bash-static'], ['busybox', 'sh']] as const;

/** The command of a root's shell; empty if it has none that is known. */
export function shellOf(root: string | undefined): readonly string[] {
  if (root === undefined) return SHELLS[0];
  return SHELLS.find(([program]) => hasProgram(root, program)) ?? [];
}

/** A link is not followed: it means a place in the guest. */
export const hasProgram = (root: string, program: string): boolean =>
  FOLDERS.some((folder) => fs.lstatSync(path.join(root, folder, program), { throwIfNoEntry: false }));

/** @returns the shell's exit code */
export async function shell(root: string | undefined, memory: number): Promise<number> {
  const [program, ...args] = shellOf(root);
  if (program === undefined) {
    complain(`${root} has no shell`);
    return EXIT_NOT_FOUND;
  }
  const tty = process.stdin.isTTY === true;
  if (tty) process.stderr.write(HINT);
  return run(program, args, {
    ...(root === undefined ? {} : { root }),
    ...(tty ? { tty } : {}),
    cwd: '/',
    memory,
    transfer: 'move',
    probation: DEFAULT_PROBATION,
    keep: true,
    seed: 1,
  });
}
