/**
 * Files of the user's in which commands keep what can be made again.
 *
 * Nothing is taken from a file but what its writer put there: it is the user's own, nobody else may write to it, and a checksum
 * over a key and the contents says that it is whole and what it is of. What is not so is as good as absent.
 */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';

const CHECKSUM = 4;
/** Writable by others than the owner. */
const OTHERS_WRITE = 0o022;

/** The folder of that name where programs of this user keep what can be made again, or null. */
export function ownFolder(name: string): string | null {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local, HOME: home } = process.env;
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, 'strake', name);
  if (local !== undefined && process.platform === 'win32') return path.join(local, 'strake', name);
  return home === undefined || !path.isAbsolute(home) ? null : path.join(home, '.cache', 'strake', name);
}

const isOurs = ({ uid, mode }: fs.Stats): boolean =>
  process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS_WRITE) === 0);

const checksum = (key: string, parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, part) => crc32(part, sum), crc32(key));

export interface OwnFile {
  readonly body: Buffer;
  readonly writtenMs: number;
}

/** @returns null if the file is not what it should be */
export function readOwn(file: string, key: string): OwnFile | null {
  let fd: number;
  try {
    fd = fs.openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || !isOurs(stat) || stat.size <= CHECKSUM) return null;
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    if (fs.readSync(fd, bytes, 0, stat.size, 0) !== stat.size) return null;
    const body = bytes.subarray(CHECKSUM);
    return bytes.readUInt32LE(0) === checksum(key, [body]) ? { body, writtenMs: stat.mtimeMs } : null;
  } catch {
    return null;
  } finally {
    fs.closeSync(fd);
  }
}

/** Never throws: what can not be written is made again. @returns true if it was written */
export function writeOwn(file: string, key: string, parts: readonly Uint8Array[]): boolean {
  const folder = path.dirname(file);
  const fresh = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(fs.statSync(folder))) return false;
    const head = Buffer.alloc(CHECKSUM);
    head.writeUInt32LE(checksum(key, parts), 0);
    const fd = fs.openSync(fresh, 'wx', 0o600);
    try {
      for (const part of [head, ...parts]) fs.writeFileSync(fd, part);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(fresh, file);
    return true;
  } catch {
    try {
      fs.unlinkSync(fresh);
    } catch {
      // It was not even made.
    }
    return false;
  }
}

/** So many files, and bytes in all. */
export interface Room {
  readonly files: number;
  readonly bytes: number;
}

/** Remove the files that were written longest ago, until what is beside one that was just written has room. Never throws. */
export function removeOld(written: string, suffix: string, room: Room): void {
  const folder = path.dirname(written);
  try {
    const others = fs
      .readdirSync(folder)
      .filter((name) => name.endsWith(suffix) && name !== path.basename(written))
      .map((name) => path.join(folder, name))
      .map((file) => ({ file, stat: fs.statSync(file) }));
    others.sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs);
    let bytes = 0;
    others.forEach(({ file, stat }, i) => {
      bytes += stat.size;
      if (i >= room.files || bytes > room.bytes) fs.rmSync(file, { force: true });
    });
  } catch {
    // Others may be doing the same.
  }
}
