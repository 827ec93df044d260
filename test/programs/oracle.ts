/**
 * The oracle of the program tests: the same files under QEMU's user mode, in a chroot.
 *
 * Programs run each other, so the host's kernel has to know riscv64 programs (binfmt_misc, with the interpreter held open);
 * that, and chroot, need root rights. Where they lack, the stored texts stand in, which STRAKE_WRITE_EXPECTED=1 writes anew.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PATH } from '../support/guest.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';
const HANDLER = 'strake-test-riscv64';
const MAGIC = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xf3\\x00';
const MASK =
  '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';
const QEMU = '/usr/bin/qemu-riscv64-static';
/** Name and minor number of the character devices with major number 1. */
const DEVICES = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 };

export interface Oracle {
  /** @returns standard output, error and the exit status, in the order in which they were written */
  run(script: string): string;
  close(): void;
}

/** The command that every side runs: each script gets a folder of its own and one stream for all output. */
export const wrapped = (name: string): string[] => [
  '/bin/sh',
  '-c',
  `mkdir -p /tmp/${name} && cd /tmp/${name} && sh /cases/${name}.sh 2>&1; echo "exit status $?"`,
];

/** @param root a guest root @param cases folder of scripts @returns null where there is no oracle */
export function openOracle(root: string, cases: string): Oracle | null {
  const unregister = prepareHost();
  if (unregister === null) return null;
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'oracle-'));
  const close = (): void => {
    fs.rmSync(copy, { recursive: true, force: true });
    unregister();
  };
  try {
    execFileSync('cp', ['-a', `${root}/.`, copy]);
    fs.cpSync(cases, path.join(copy, 'cases'), { recursive: true });
    for (const [name, minor] of Object.entries(DEVICES)) {
      fs.rmSync(path.join(copy, 'dev', name), { force: true });
      execFileSync('mknod', ['-m', '666', path.join(copy, 'dev', name), 'c', '1', String(minor)]);
    }
  } catch {
    close();
    return null;
  }
  const env = { PATH, HOME: '/root', TERM: 'dumb' };
  return {
    run: (name) =>
      spawnSync('chroot', [copy, ...wrapped(name)], {
        env,
        encoding: 'latin1',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).stdout,
    close,
  };
}

/** See to it that the host runs riscv64 programs. @returns what takes that back, null if it can not be had */
function prepareHost(): (() => void) | null {
  if (process.getuid?.() !== 0) return null;
  try {
    if (!fs.existsSync(path.join(BINFMT, 'register')))
      execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT], { stdio: 'ignore' });
    const known = fs.readdirSync(BINFMT).some((name) => {
      if (name === 'register' || name === 'status') return false;
      const text = fs.readFileSync(path.join(BINFMT, name), 'utf8');
      return text.startsWith('enabled') && /qemu-riscv64/.test(text) && /^flags: .*F/m.test(text);
    });
    if (known) return () => {};
    fs.accessSync(QEMU, fs.constants.X_OK);
    fs.writeFileSync(path.join(BINFMT, 'register'), `:${HANDLER}:M::${MAGIC}:${MASK}:${QEMU}:POCF`);
    return () => fs.writeFileSync(path.join(BINFMT, HANDLER), '-1');
  } catch {
    return null;
  }
}
