/**
 * From a path to what is to be loaded: follows `#!` lines, reads and checks ELF headers. Source: execve(2).
 *
 * Everything here only reads, through the page cache, so that it may be run again after WAIT. Dentries that it found
 * stay held by the result until `dropProgram`.
 */
import {
  ElfError,
  type ElfHeader,
  type ElfProgram,
  parseHeader,
  parseProgram,
} from '../../../abi/elf/parse.ts';
import { EHDR_SIZE, PHDR_SIZE } from '../../../abi/elf/layout.ts';
import { EACCES, EIO, ELIBBAD, ELOOP, ENOENT, ENOEXEC, ETXTBSY } from '../../../abi/linux/errno.ts';
import { createStat, type Stat } from '../../../contracts/filesystem.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { USER_LIMIT } from '../../../contracts/vm.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';

/** An executable file whose headers are sound. */
export interface Binary {
  readonly dentry: number;
  readonly inode: number;
  readonly header: ElfHeader;
  readonly program: ElfProgram;
  readonly stat: Readonly<Stat>;
}

export interface Program {
  readonly binary: Binary;
  /** The dynamic loader, or null. */
  readonly loader: Binary | null;
  readonly argv: readonly string[];
}

/** BINPRM_BUF_SIZE: how much of a `#!` line counts. */
const LINE_MAX = 256;
/** A script may be interpreted by a script, five deep. */
const SCRIPT_DEPTH = 5;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const MAY_EXEC = 1;

export function dropProgram(kernel: Kernel, program: Program): void {
  kernel.vfs.releaseDentry(program.binary.dentry);
  if (program.loader !== null) kernel.vfs.releaseDentry(program.loader.dentry);
}

/** Read from a file's pages. @returns 0, -errno or WAIT; bytes past the end read as zeros */
export function readFile(kernel: Kernel, inode: number, offset: number, into: Uint8Array): number {
  for (let done = 0; done < into.length; ) {
    const at = offset + done;
    const within = at % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - within, into.length - done);
    const frame = kernel.pagecache.get(inode, (at - within) / PAGE_SIZE, false);
    if (frame < 0) return frame;
    if (frame !== 0) {
      const from = frame * PAGE_SIZE + within;
      into.set(kernel.machine.u8.subarray(from, from + count), done);
    }
    done += count;
  }
  return 0;
}

/** Pages of a segment that loading itself will touch, brought in beforehand. */
function prefetch(kernel: Kernel, inode: number, program: ElfProgram): number {
  for (const { offset, fileSize, memorySize } of program.segments) {
    if (fileSize === 0 || memorySize === fileSize) continue;
    const frame = kernel.pagecache.get(inode, Math.floor((offset + fileSize - 1) / PAGE_SIZE), false);
    if (frame < 0) return frame;
  }
  return 0;
}

/** A regular file that the thread may execute and nobody writes. @returns 0, -EACCES, -ETXTBSY or WAIT */
function mayExecute(kernel: Kernel, tid: number, dentry: number, stat: Stat): number {
  const error = kernel.vfs.statDentry(dentry, stat);
  if (error !== 0) return error;
  if ((stat.mode & S_IFMT) !== S_IFREG) return -EACCES;
  const refused = kernel.vfs.permitted(tid, dentry, MAY_EXEC, false);
  if (refused !== 0) return refused;
  return (kernel.vfs.writers?.(stat.inode) ?? 0) > 0 ? -ETXTBSY : 0;
}

/** @returns the parsed file, -ENOEXEC, -errno or WAIT; the dentry stays the caller's on failure */
function readBinary(kernel: Kernel, dentry: number, stat: Stat): Binary | number {
  const inode = kernel.vfs.dentryInode(dentry);
  const head = new Uint8Array(EHDR_SIZE);
  let error = stat.size < EHDR_SIZE ? -ENOEXEC : readFile(kernel, inode, 0, head);
  if (error !== 0) return error;
  try {
    const header = parseHeader(head);
    const length = header.tableCount * PHDR_SIZE;
    if (header.tableOffset + length > stat.size) return -ENOEXEC;
    const table = new Uint8Array(length);
    error = readFile(kernel, inode, header.tableOffset, table);
    if (error !== 0) return error;
    const program = parseProgram(header, table, stat.size, USER_LIMIT);
    error = prefetch(kernel, inode, program);
    return error !== 0 ? error : { dentry, inode, header, program, stat };
  } catch (reason) {
    if (reason instanceof ElfError) return -ENOEXEC;
    throw reason;
  }
}

/** The interpreter and its argument of a `#!` line; null if the file is no script, -ENOEXEC if the line is bad. */
export function parseScript(head: Uint8Array): { path: string; argument: string | null } | null | number {
  if (head[0] !== 0x23 || head[1] !== 0x21) return null;
  let line = '';
  let ended = false;
  for (let i = 2; i < head.length && !ended; i++) {
    const byte = head[i] as number;
    ended = byte === 10 || byte === 0;
    if (!ended) line += String.fromCharCode(byte);
  }
  const trimmed = line.replace(/^[ \t]+|[ \t]+$/g, '');
  const [path = ''] = trimmed.split(/[ \t]/, 1);
  // A path that the buffer cuts off might name another file; an argument that it cuts off is only shorter.
  if (path === '' || (!ended && path.length === trimmed.length)) return -ENOEXEC;
  const rest = trimmed.slice(path.length).replace(/^[ \t]+/, '');
  return { path, argument: rest === '' ? null : rest };
}

function findLoader(kernel: Kernel, tid: number, binary: Binary): Binary | null | number {
  const { interpreter } = binary.program;
  if (interpreter === null) return null;
  const bytes = new Uint8Array(interpreter.size);
  const error = readFile(kernel, binary.inode, interpreter.offset, bytes);
  if (error !== 0) return error;
  if (bytes.at(-1) !== 0) return -ENOEXEC;
  const path = String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
  const dentry = kernel.vfs.resolve(tid, 0, path, true);
  if (dentry < 0) return dentry;
  const stat = createStat();
  const refused = mayExecute(kernel, tid, dentry, stat);
  const loader = refused !== 0 ? refused : readBinary(kernel, dentry, stat);
  if (typeof loader !== 'number') return loader;
  kernel.vfs.releaseDentry(dentry);
  return loader === -ENOEXEC || loader === -EIO ? -ELIBBAD : loader;
}

/**
 * @param dentry of the file to execute, whose hold passes to the result or is dropped
 * @param name how a script is to name itself to its interpreter; null if an interpreter could not open it: -ENOENT
 */
export function findProgram(
  kernel: Kernel,
  tid: number,
  dentry: number,
  name: string | null,
  argv: readonly string[],
): Program | number {
  let at = dentry;
  let args: readonly string[] = argv;
  let script = name;
  const fail = (error: number): number => {
    kernel.vfs.releaseDentry(at);
    return error;
  };
  for (let depth = 0; ; depth++) {
    const stat = createStat();
    const refused = mayExecute(kernel, tid, at, stat);
    if (refused !== 0) return fail(refused);
    const head = new Uint8Array(Math.min(LINE_MAX, stat.size));
    const error = readFile(kernel, kernel.vfs.dentryInode(at), 0, head);
    if (error !== 0) return fail(error);
    const line = parseScript(head);
    if (typeof line === 'number') return fail(line);
    if (line === null) {
      const binary = readBinary(kernel, at, stat);
      if (typeof binary === 'number') return fail(binary);
      const loader = findLoader(kernel, tid, binary);
      if (typeof loader === 'number') return fail(loader);
      return { binary, loader, argv: args };
    }
    if (depth >= SCRIPT_DEPTH) return fail(-ELOOP);
    if (script === null) return fail(-ENOENT);
    kernel.vfs.releaseDentry(at);
    args = [line.path, ...(line.argument === null ? [] : [line.argument]), script, ...args.slice(1)];
    script = line.path;
    at = kernel.vfs.resolve(tid, 0, line.path, true);
    if (at < 0) return at;
  }
}
