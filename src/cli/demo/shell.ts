/**
 * `strake demo --shell`: an interactive shell on the demo's root.
 */
import { run } from '../run.ts';

const HINT = `A shell on Strake. The kernel's parts are modules: try lsmod, modprobe round-robin, rmmod round_robin; exit ends it.
`;

/** @returns the shell's exit code */
export function shell(root: string | undefined, memory: number): Promise<number> {
  const tty = process.stdin.isTTY === true;
  if (tty) process.stderr.write(HINT);
  return run('sh', [], {
    ...(root === undefined ? {} : { root }),
    ...(tty ? { tty } : {}),
    cwd: '/',
    memory,
    transfer: 'move',
    seed: 1,
  });
}
