/**
 * Granted host folders: the requests of `Host` carried out on them, and nothing outside them.
 *
 * A request names a grant and a path below it. The path's folder must really be that folder: no symlink in between is
 * followed, so a guest can not leave the grant, whatever it creates or renames. Synchronous; knows no kernel.
 */
import fs from 'node:fs';
import path from 'node:path';
import * as errno from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult, HostStat } from '../../contracts/host.ts';

const OK: HostResult = { errno: 0 };

/** Byte strings to what Node takes, and back. */
const toBuffer = (text: string): Buffer => Buffer.from(text, 'latin1');
const toBytes = (name: Buffer): string => name.toString('latin1');

interface Grant {
  readonly root: string;
  readonly readOnly: boolean;
}

type FolderRequest = Exclude<HostRequest, { readonly kind: 'input' }>;

export class Folders {
  readonly #grants: Grant[] = [];

  /** @returns the grant's number. Throws, naming the folder, if there is no such one. */
  grant(folder: string, readOnly: boolean): number {
    let root: string;
    try {
      root = fs.realpathSync(folder);
    } catch (error) {
      const { code } = error as { readonly code?: string };
      throw new Error(
        code === 'ENOENT' ? `${folder}: no such folder` : `${folder} can not be opened: ${code}`,
      );
    }
    if (!fs.statSync(root).isDirectory()) throw new Error(`${folder} is not a folder`);
    this.#grants.push({ root, readOnly });
    return this.#grants.length - 1;
  }

  /** Carry a request out. Never throws: what goes wrong is the result's errno. */
  perform(request: FolderRequest): HostResult {
    try {
      const grant = this.#grants[request.grant];
      if (grant === undefined) return { errno: -errno.EACCES };
      const writes = !['list', 'read', 'flush'].includes(request.kind);
      if (writes && grant.readOnly) return { errno: -errno.EROFS };
      return carryOut(request, grant.root, inside(grant.root, request.path));
    } catch (error) {
      return { errno: -errnoOf(error) };
    }
  }
}

class Outside extends Error {}

/** The host path of a path below a grant. Throws Outside where a symlink or `..` would lead elsewhere. */
function inside(root: string, below: string): Buffer {
  const parts = below.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Outside();
  const folder = Buffer.concat([
    toBuffer(''),
    Buffer.from(root),
    ...parts.slice(0, -1).map((part) => toBuffer(`/${part}`)),
  ]);
  const real = fs.realpathSync.native(folder, { encoding: 'buffer' });
  if (!real.equals(folder)) throw new Outside();
  const last = parts.at(-1);
  return last === undefined ? folder : Buffer.concat([folder, toBuffer(`/${last}`)]);
}

function carryOut(request: FolderRequest, root: string, target: Buffer): HostResult {
  switch (request.kind) {
    case 'list':
      return list(target);
    case 'read':
      return withFile(target, fs.constants.O_RDONLY, (fd) => {
        const bytes = new Uint8Array(request.length);
        const count = readAll(fd, bytes, request.offset);
        return { errno: 0, bytes: bytes.subarray(0, count) };
      });
    case 'write':
      return withFile(target, fs.constants.O_WRONLY, (fd) => {
        for (let done = 0; done < request.bytes.length; ) {
          done += fs.writeSync(fd, request.bytes, done, request.bytes.length - done, request.offset + done);
        }
        return OK;
      });
    case 'truncate':
      return withFile(target, fs.constants.O_WRONLY, (fd) => {
        fs.ftruncateSync(fd, request.size);
        return OK;
      });
    case 'create':
      if (request.type === 'directory') fs.mkdirSync(target, request.mode);
      else fs.closeSync(fs.openSync(target, 'wx', request.mode));
      return OK;
    case 'symlink':
      fs.symlinkSync(toBuffer(request.target), target);
      return OK;
    case 'link':
      fs.linkSync(target, inside(root, request.target));
      return OK;
    case 'remove':
      if (request.directory) fs.rmdirSync(target);
      else fs.unlinkSync(target);
      return OK;
    case 'rename':
      fs.renameSync(target, inside(root, request.target));
      return OK;
    case 'chmod':
      return withFile(target, fs.constants.O_RDONLY, (fd) => {
        fs.fchmodSync(fd, request.mode & 0o777);
        return OK;
      });
    case 'utimes': {
      const seconds = request.mtimeSeconds + request.mtimeNanoseconds / 1e9;
      fs.lutimesSync(target, seconds, seconds);
      return OK;
    }
    case 'flush':
      return withFile(target, fs.constants.O_RDONLY, (fd) => {
        fs.fsyncSync(fd);
        return OK;
      });
  }
}

/** Open without following a symlink in the last place. */
function withFile(target: Buffer, flags: number, use: (fd: number) => HostResult): HostResult {
  const fd = fs.openSync(target, flags | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function readAll(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const count = fs.readSync(fd, into, done, into.length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function list(folder: Buffer): HostResult {
  const entries = fs.readdirSync(folder, { encoding: 'buffer' }).flatMap((name) => {
    const target = Buffer.concat([folder, Buffer.from('/'), name]);
    const stat = statOf(target);
    if (stat === null) return [];
    const entry = { name: toBytes(name), stat };
    if (stat.type !== 'symlink') return [entry];
    return [{ ...entry, target: toBytes(fs.readlinkSync(target, { encoding: 'buffer' })) }];
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { errno: 0, entries };
}

/** null if it vanished meanwhile. */
function statOf(target: Buffer): HostStat | null {
  const stat = fs.lstatSync(target, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : 'other';
  return {
    type,
    mode: Number(stat.mode) & 0o7777,
    size: Number(stat.size),
    mtimeSeconds: Number(stat.mtimeNs / 1_000_000_000n),
    mtimeNanoseconds: Number(stat.mtimeNs % 1_000_000_000n),
  };
}

/** The Linux number of a host error, by its name. */
function errnoOf(error: unknown): number {
  if (error instanceof Outside) return errno.EACCES;
  const code = (error as { readonly code?: unknown }).code;
  const value = typeof code === 'string' ? (errno as Readonly<Record<string, unknown>>)[code] : undefined;
  return typeof value === 'number' ? value : errno.EIO;
}

/** Absolute path of a file that ships with the package, from this file's own place. */
export const packageFile = (name: string): string => path.resolve(import.meta.dirname, '../../..', name);
