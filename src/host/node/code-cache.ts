/**
 * A script of the package, compiled by V8 in an earlier process where that can be had.
 *
 * V8 takes ten times as long to compile the command as to read its compiled form. The form is kept in a folder of the
 * user's, with what functions had been called by the end of the run that wrote it. It is no more than a cache: where it is
 * absent, of another build, damaged, somebody else's or can not be written, the script is compiled as ever. V8 checks the
 * version of Node, its flags and the processor, but neither the source nor the data: a damaged form would end the process.
 * So the name and a checksum say here which source it is of, and that it is whole.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { optimiseAsUsual, settleFlags } from './quiet-start.ts';

/** Words before the data: checksum of key and data, then bytes of compiled functions in the process that wrote it. */
const HEADER = 8;
/** A run so long writes at once: V8 throws away again what it has not called for a while. */
const WRITE_AFTER_MS = 2000;
/** How often is looked whether a run has compiled much that the cache lacks: looking takes 2 ms. */
const LOOK_AGAIN_MS = 60_000;
const GROWN = 1.03;
/** Files of other builds and versions of Node that are kept beside a new one. */
const KEPT = 8;
const SUFFIX = '.code';
/** Writable by others than the owner. */
const OTHERS_WRITE = 0o022;

interface Found {
  readonly data: Buffer;
  readonly functionBytes: number;
  readonly writtenMs: number;
}

/** Where programs of this user keep what can be made again, or null. */
function userFolder(): string | null {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local, HOME: home } = process.env;
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, 'strake', 'code');
  if (local !== undefined && process.platform === 'win32') return path.join(local, 'strake', 'code');
  return home === undefined || !path.isAbsolute(home) ? null : path.join(home, '.cache', 'strake', 'code');
}

/** Code is taken only from what nobody else can have written. */
const isOurs = ({ uid, mode }: fs.Stats): boolean =>
  process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS_WRITE) === 0);

const checksum = (key: string, body: Uint8Array): number => crc32(body, crc32(key));

/** @returns what the file holds, or null if it is not what it should be */
function read(file: string, key: string): Found | null {
  let fd: number;
  try {
    fd = fs.openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || !isOurs(stat) || stat.size <= HEADER) return null;
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    if (fs.readSync(fd, bytes, 0, stat.size, 0) !== stat.size) return null;
    if (bytes.readUInt32LE(0) !== checksum(key, bytes.subarray(4))) return null;
    return {
      data: bytes.subarray(HEADER),
      functionBytes: bytes.readUInt32LE(4),
      writtenMs: stat.mtimeMs,
    };
  } catch {
    return null;
  } finally {
    fs.closeSync(fd);
  }
}

/** Bytes of all functions that are compiled at present. */
const functionBytes = (): number =>
  process.getBuiltinModule('node:v8').getHeapCodeStatistics().bytecode_and_metadata_size;

/** Never throws: a cache that can not be written is none. */
function write(file: string, key: string, script: Script): void {
  const folder = path.dirname(file);
  const fresh = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOurs(fs.statSync(folder))) return;
    optimiseAsUsual();
    const data = script.createCachedData();
    const bytes = Buffer.concat([Buffer.alloc(HEADER), data]);
    bytes.writeUInt32LE(functionBytes(), 4);
    bytes.writeUInt32LE(checksum(key, bytes.subarray(4)), 0);
    fs.writeFileSync(fresh, bytes, { flag: 'wx', mode: 0o600 });
    fs.renameSync(fresh, file);
    removeOld(folder, file);
  } catch {
    try {
      fs.unlinkSync(fresh);
    } catch {
      // It was not even made.
    }
  }
}

/** Builds and versions of Node come and go: keep the newest few. */
function removeOld(folder: string, written: string): void {
  const others = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX) && name !== path.basename(written))
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, ms: fs.statSync(file).mtimeMs }));
  others.sort((a, b) => b.ms - a.ms);
  for (const { file } of others.slice(KEPT)) fs.rmSync(file, { force: true });
}

/** Write now, or at the end of the process if that comes before. */
function writeLater(file: string, key: string, script: Script): void {
  const now = (): void => {
    clearTimeout(timer);
    process.off('exit', now);
    write(file, key, script);
  };
  const timer = setTimeout(now, WRITE_AFTER_MS).unref();
  process.once('exit', now);
}

/** At the end of the process: write again if this run compiled much that was not there. */
function lookAgain(file: string, key: string, script: Script, found: Found): void {
  process.once('exit', () => {
    if (functionBytes() > found.functionBytes * GROWN) write(file, key, script);
    else {
      try {
        fs.utimesSync(file, new Date(), new Date());
      } catch {
        // It was removed, or the disk is read-only: then it is looked at more often than need be.
      }
    }
  });
}

/**
 * Run a script of the package. Afterwards V8's flags of optimising may change for a while (quiet-start.ts).
 * It can not say `import(...)`: V8 forgets who answers that when it reads a compiled form.
 * @param file its path; its text is ASCII @param build tells its contents from those of any other build
 * @returns its value
 */
export function runCached(file: string, build: string): unknown {
  settleFlags();
  const source = fs.readFileSync(file, 'latin1');
  const folder = userFolder();
  const { version, arch } = process;
  const name = path.basename(file, '.js');
  const key = `${name}-${build}-${version}-${arch}`;
  const cache = folder === null ? null : path.join(folder, key + SUFFIX);
  const found = cache === null ? null : read(cache, key);
  const script = new Script(source, {
    filename: file,
    ...(found === null ? {} : { cachedData: found.data }),
  });
  if (cache !== null) {
    if (found === null || script.cachedDataRejected === true) writeLater(cache, key, script);
    else if (Date.now() - found.writtenMs > LOOK_AGAIN_MS) lookAgain(cache, key, script, found);
  }
  return script.runInThisContext();
}
