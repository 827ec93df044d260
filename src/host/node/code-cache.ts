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
import { ownFolder, readOwn, removeOld, type Room, writeOwn } from './own-files.ts';
import { optimiseAsUsual, settleFlags } from './quiet-start.ts';

/** Before the data: bytes of compiled functions in the process that wrote it. */
const HEADER = 4;
/** A run so long writes at once: V8 throws away again what it has not called for a while. */
const WRITE_AFTER_MS = 2000;
/** How often is looked whether a run has compiled much that the cache lacks: looking takes 2 ms. */
const LOOK_AGAIN_MS = 60_000;
const GROWN = 1.03;
/** Builds and versions of Node come and go. */
const ROOM: Room = { files: 8, bytes: Number.POSITIVE_INFINITY };
const SUFFIX = '.code';

interface Found {
  readonly data: Buffer;
  readonly functionBytes: number;
  readonly writtenMs: number;
}

/** @returns what the file holds, or null if it is not what it should be */
function read(file: string, key: string): Found | null {
  const own = readOwn(file, key);
  if (own === null || own.body.length <= HEADER) return null;
  const { body, writtenMs } = own;
  return { data: body.subarray(HEADER), functionBytes: body.readUInt32LE(0), writtenMs };
}

/** Bytes of all functions that are compiled at present. */
const functionBytes = (): number =>
  process.getBuiltinModule('node:v8').getHeapCodeStatistics().bytecode_and_metadata_size;

function write(file: string, key: string, script: Script): void {
  optimiseAsUsual();
  const head = Buffer.alloc(HEADER);
  head.writeUInt32LE(functionBytes(), 0);
  if (writeOwn(file, key, [head, script.createCachedData()])) removeOld(file, SUFFIX, ROOM);
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
  const folder = ownFolder('code');
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
