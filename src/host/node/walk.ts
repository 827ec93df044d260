/**
 * Walking a path below a granted folder, name by name, so that it can not lead out.
 *
 * On Linux each folder on the way is opened below the one before and reached through /proc/self/fd, so that nothing that
 * another process renames or puts in place meanwhile can lead elsewhere. On other systems the folder's real path must
 * be the one that was asked for, which leaves a moment between the check and the use. Source: openat(2), proc(5).
 */
import fs from 'node:fs';
import { EACCES, EINVAL, ENAMETOOLONG } from '../../abi/linux/errno.ts';

/** A path that is refused before the host is asked. */
export class PathError extends Error {
  readonly errno: number;
  constructor(error: number) {
    super('refused path');
    this.name = 'PathError';
    this.errno = error;
  }
}

/** A granted folder. */
export interface Root {
  /** Absolute, without symlinks. */
  readonly path: Buffer;
  /** Of the folder, on Linux; else -1. */
  readonly fd: number;
  close(): void;
}

/** Open a place without the right to read it; Linux only, and unknown to Node. */
const O_PATH = 0o10_000_000;
const FOLDER: number = fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
const PATH_MAX = 4096;
const SLASH = Buffer.from('/');

const hasDescriptors = process.platform === 'linux' && fs.existsSync('/proc/self/fd');

/** @returns the bytes of a byte string. Throws PathError if it is none, or holds what no path can hold. */
export function bytesOfPath(text: string): Buffer {
  if (text.length >= PATH_MAX * 4) throw new PathError(ENAMETOOLONG);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // A character beyond a byte would lose its high bits, and turn into a dot or a slash.
    if (code === 0 || code > 0xff) throw new PathError(EINVAL);
  }
  return Buffer.from(text, 'latin1');
}

function realFolder(folder: string): Buffer {
  let real: Buffer;
  try {
    real = fs.realpathSync.native(folder, { encoding: 'buffer' });
  } catch (error) {
    const { code = 'error' } = error as { readonly code?: string };
    throw new Error(`host folder ${folder}: ${code === 'ENOENT' ? 'there is none' : code}`);
  }
  if (!fs.statSync(real).isDirectory()) throw new Error(`host folder ${folder}: it is no folder`);
  return real;
}

/** Throws, with a message for people, if there is no such folder. */
export function openRoot(folder: string): Root {
  const real = realFolder(folder);
  const fd = hasDescriptors ? fs.openSync(real, FOLDER | O_PATH) : -1;
  return {
    path: real,
    fd,
    close(): void {
      if (fd >= 0) fs.closeSync(fd);
    },
  };
}

const place = (fd: number): Buffer => Buffer.from(`/proc/self/fd/${fd}`);
const join = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, SLASH, name]);

function namesOf(below: string): Buffer[] {
  bytesOfPath(below);
  const names = below.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new PathError(EACCES);
  return names.map(bytesOfPath);
}

/** The folder of `names`, opened below `fd`. @returns a descriptor that the caller closes */
function descend(fd: number, names: readonly Buffer[]): number {
  let here = fs.openSync(join(place(fd), Buffer.from('.')), fs.constants.O_DIRECTORY | O_PATH);
  for (const name of names) {
    let next: number;
    try {
      next = fs.openSync(join(place(here), name), FOLDER | O_PATH);
    } finally {
      fs.closeSync(here);
    }
    here = next;
  }
  return here;
}

/**
 * Find a path below a root and use it.
 * @param use gets the host path, whose last name alone is left to be followed or not, and whether there is a last name
 * @returns what `use` returns. Throws PathError, or what the host says
 */
export function within<T>(root: Root, below: string, use: (target: Buffer, named: boolean) => T): T {
  const names = namesOf(below);
  const last = names.at(-1);
  if (root.fd < 0) {
    const folder = Buffer.concat([
      root.path,
      ...names.slice(0, -1).map((name) => join(Buffer.alloc(0), name)),
    ]);
    requireReal(folder);
    return use(last === undefined ? folder : join(folder, last), last !== undefined);
  }
  const folder = descend(root.fd, names.slice(0, -1));
  try {
    return use(join(place(folder), last ?? Buffer.from('.')), last !== undefined);
  } finally {
    fs.closeSync(folder);
  }
}

/** Use a folder that `within` found, and that is no symlink. @returns what `use` returns, which gets a path to list */
export function inFolder<T>(root: Root, target: Buffer, use: (folder: Buffer) => T): T {
  if (root.fd < 0) {
    requireReal(target);
    return use(target);
  }
  const fd = fs.openSync(target, FOLDER | O_PATH);
  try {
    return use(place(fd));
  } finally {
    fs.closeSync(fd);
  }
}

function requireReal(folder: Buffer): void {
  if (!fs.realpathSync.native(folder, { encoding: 'buffer' }).equals(folder)) throw new PathError(EACCES);
}
