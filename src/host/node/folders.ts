/**
 * Granted host folders and disk files: the requests of `Host` carried out on them, and nothing outside them.
 *
 * A request names a grant and a path below it. What a kernel asks is not trusted here: no symlink is followed, neither on
 * the way nor in the last place, and nothing but files, folders and symlinks is opened, whatever a guest creates or
 * renames and whatever another process does meanwhile. Synchronous; knows no kernel.
 */
import fs from 'node:fs';
import path from 'node:path';
import * as errno from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult, HostStat } from '../../contracts/host.ts';
import { MemoryDisk } from '../memory/disk.ts';
import { DiskFile } from './disk-file.ts';
import { bytesOfPath, inFolder, openRoot, PathError, type Root, within } from './walk.ts';

const OK: HostResult = { errno: 0 };
const PERMISSIONS = 0o777;
/** The first bytes of what gzip compressed. */
const GZIP = [0x1f, 0x8b];

const toBytes = (name: Buffer): string => name.toString('latin1');

interface Grant {
  readonly root: Root;
  readonly readOnly: boolean;
}

const isDisk = (grant: Grant | DiskFile | MemoryDisk): grant is DiskFile | MemoryDisk =>
  grant instanceof DiskFile || grant instanceof MemoryDisk;

type FolderRequest = Exclude<HostRequest, { readonly kind: 'input' }>;

export class Folders {
  readonly #grants: (Grant | DiskFile | MemoryDisk)[] = [];

  /** @returns the grant's number. Throws if there is no such folder. */
  grant(folder: string, readOnly: boolean): number {
    this.#grants.push({ root: openRoot(folder), readOnly });
    return this.#grants.length - 1;
  }

  /** @returns the grant's number and the file's size in bytes. Throws if it can be no disk. */
  grantFile(file: string, readOnly: boolean): { readonly grant: number; readonly size: number } {
    const disk = new DiskFile(file, readOnly);
    this.#grants.push(disk);
    return { grant: this.#grants.length - 1, size: disk.size };
  }

  /** The same for a file that is only read; one that gzip compressed is unpacked into memory. Throws if it can not be. */
  grantArchive(file: string): { readonly grant: number; readonly size: number } {
    const disk = new DiskFile(file, true);
    const { bytes } = disk.perform({ kind: 'read', grant: 0, path: '', offset: 0, length: GZIP.length });
    if (bytes === undefined || !GZIP.every((byte, i) => bytes[i] === byte)) {
      this.#grants.push(disk);
      return { grant: this.#grants.length - 1, size: disk.size };
    }
    disk.close();
    let unpacked: Uint8Array;
    try {
      unpacked = process.getBuiltinModule('node:zlib').gunzipSync(fs.readFileSync(file));
    } catch (error) {
      throw new Error(`archive ${file}: it can not be unpacked: ${(error as Error).message}`);
    }
    const grant = this.grantMemory(unpacked.length);
    this.perform({ kind: 'write', grant, path: '', offset: 0, bytes: unpacked });
    return { grant, size: unpacked.length };
  }

  /** @returns the grant's number */
  grantMemory(bytes: number): number {
    this.#grants.push(new MemoryDisk(bytes));
    return this.#grants.length - 1;
  }

  /** Carry a request out. Never throws: what goes wrong is the result's errno. */
  perform(request: FolderRequest): HostResult {
    try {
      const grant = this.#grants[request.grant];
      if (grant === undefined) return { errno: -errno.EACCES };
      if (isDisk(grant)) return grant.perform(request);
      const writes = !['list', 'read', 'flush'].includes(request.kind);
      if (writes && grant.readOnly) return { errno: -errno.EROFS };
      return within(grant.root, request.path, (target, named) => {
        if (!named && NEEDS_NAME.has(request.kind)) return { errno: -errno.EBUSY };
        return carryOut(request, grant.root, target);
      });
    } catch (error) {
      return { errno: -errnoOf(error) };
    }
  }

  /** Let go of the folders: every request is refused from now on. */
  close(): void {
    for (const grant of this.#grants.splice(0)) (isDisk(grant) ? grant : grant.root).close();
  }
}

/** What can not be done to the granted folder itself. */
const NEEDS_NAME: ReadonlySet<FolderRequest['kind']> = new Set([
  'create',
  'symlink',
  'link',
  'remove',
  'rename',
]);

function carryOut(request: FolderRequest, root: Root, target: Buffer): HostResult {
  switch (request.kind) {
    case 'list':
      return inFolder(root, target, list);
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
      if (request.type === 'directory') fs.mkdirSync(target, request.mode & PERMISSIONS);
      else fs.closeSync(fs.openSync(target, 'wx', request.mode & PERMISSIONS));
      return OK;
    case 'symlink':
      fs.symlinkSync(bytesOfPath(request.target), target);
      return OK;
    case 'link':
      return toSecond(root, request.target, (second) => fs.linkSync(target, second));
    case 'remove':
      if (request.directory) fs.rmdirSync(target);
      else fs.unlinkSync(target);
      return OK;
    case 'rename':
      return toSecond(root, request.target, (second) => fs.renameSync(target, second));
    case 'chmod':
      return withEntry(target, fs.constants.O_RDONLY, (fd) => {
        fs.fchmodSync(fd, request.mode & PERMISSIONS);
        return OK;
      });
    case 'utimes': {
      const seconds = request.mtimeSeconds + request.mtimeNanoseconds / 1e9;
      fs.lutimesSync(target, seconds, seconds);
      return OK;
    }
    case 'flush':
      return withEntry(target, fs.constants.O_RDONLY, (fd) => {
        fs.fsyncSync(fd);
        return OK;
      });
  }
}

/** Do what takes a second name in the same grant. */
function toSecond(root: Root, name: string, act: (second: Buffer) => void): HostResult {
  return within(root, name, (second, named) => {
    if (!named) return { errno: -errno.EBUSY };
    act(second);
    return OK;
  });
}

/** Open a file or a folder, without following a symlink in the last place; pipes and devices of the host are none. */
function withEntry(
  target: Buffer,
  flags: number,
  use: (fd: number, stat: fs.Stats) => HostResult,
): HostResult {
  const fd = fs.openSync(target, flags | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() || stat.isDirectory() ? use(fd, stat) : { errno: -errno.EACCES };
  } finally {
    fs.closeSync(fd);
  }
}

const withFile = (target: Buffer, flags: number, use: (fd: number) => HostResult): HostResult =>
  withEntry(target, flags, (fd, stat) => (stat.isFile() ? use(fd) : { errno: -errno.EISDIR }));

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
  if (error instanceof PathError) return error.errno;
  const code = (error as { readonly code?: unknown }).code;
  const value = typeof code === 'string' ? (errno as Readonly<Record<string, unknown>>)[code] : undefined;
  return typeof value === 'number' ? value : errno.EIO;
}

/** Absolute path of a file that ships with the package, from this file's own place. */
export const packageFile = (name: string): string => path.resolve(import.meta.dirname, '../../..', name);
