/**
 * What a program needs of the kernel's modules, said beside it or in it, and met before its first instruction.
 *
 * A file PROGRAM.requires, or an ELF note of the name `Strake` and type 1, holds lines such as
 *
 *     pmap >= 1.1             the module in the slot has at least this version
 *     scheduler deadline      it has this optional interface; with >= VERSION behind it, both
 *
 * and comments behind `#`. Source of the note's form: elf(5), "Notes (Nhdr)".
 */
import { CAP_SYS_MODULE } from '../../../abi/linux/capability.ts';
import { EACCES, ENOENT, ENOEXEC, ENOTDIR } from '../../../abi/linux/errno.ts';
import { createStat } from '../../../contracts/filesystem.ts';
import { type Kernel, type Need, WAIT } from '../../../contracts/kernel.ts';
import { SLOTS, type SlotName } from '../../../contracts/module.ts';
import { type Binary, readFile } from './exec-program.ts';
import { demand } from './feature-fault.ts';

/** No list is longer. */
const LONGEST = 4096;
const NOTE_NAME = 'Strake\0';
const NOTE_TYPE = 1;
const NOTE_HEAD = 12;
const LINE = /^([a-z]+)(?:\s+([a-z][a-z-]*))?(?:\s*>=\s*(\d+(?:\.\d+){0,2}))?$/;

/** @returns the needs of a list, or null where a line is of no known form */
export function parseNeeds(text: string): readonly Need[] | null {
  const needs: Need[] = [];
  for (const line of text.split('\n')) {
    const words = line.replace(/#.*/, '').trim();
    if (words === '') continue;
    const [, slot, name, version] = LINE.exec(words) ?? [];
    if (!(SLOTS as readonly (string | undefined)[]).includes(slot)) return null;
    if (name === undefined && version === undefined) return null;
    needs.push({ slot: slot as SlotName, interface: name ?? null, version: version ?? null });
  }
  return needs;
}

/** The text in the note of a program; '' if there is none. */
export function noteText(notes: Uint8Array): string {
  const data = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  const padded = (size: number): number => (size + 3) & ~3;
  const textOf = (start: number, size: number): string =>
    String.fromCharCode(...notes.subarray(start, start + size));
  for (let at = 0; at + NOTE_HEAD <= notes.length; ) {
    const nameSize = data.getUint32(at, true);
    const size = data.getUint32(at + 4, true);
    const content = at + NOTE_HEAD + padded(nameSize);
    if (nameSize > LONGEST || size > LONGEST || content + size > notes.length) return '';
    if (data.getUint32(at + 8, true) === NOTE_TYPE && textOf(at + NOTE_HEAD, nameSize) === NOTE_NAME)
      return textOf(content, size).replace(/\0+$/, '');
    at = content + padded(size);
  }
  return '';
}

/** @returns the text, -errno or WAIT */
function readNotes(kernel: Kernel, { program, inode }: Binary): string | number {
  for (const { offset, size } of program.notes) {
    const notes = new Uint8Array(size);
    const error = readFile(kernel, inode, offset, notes);
    if (error !== 0) return error;
    const text = noteText(notes);
    if (text !== '') return text;
  }
  return '';
}

/** @returns the text of the file beside the program, '' if there is none, -errno or WAIT */
function readBeside(kernel: Kernel, tid: number, path: string): string | number {
  const dentry = kernel.vfs.resolve(tid, 0, `${path}.requires`, true);
  if (dentry === WAIT) return WAIT;
  if (dentry < 0) return dentry === -ENOENT || dentry === -ENOTDIR || dentry === -EACCES ? '' : dentry;
  const stat = createStat();
  let error = kernel.vfs.statDentry(dentry, stat);
  const bytes = new Uint8Array(Math.min(stat.size, LONGEST));
  if (error === 0) error = readFile(kernel, kernel.vfs.dentryInode(dentry), 0, bytes);
  kernel.vfs.releaseDentry(dentry);
  if (error !== 0) return error;
  return String.fromCharCode(...bytes);
}

/**
 * Meet what the program needs: modules come in where the caller may replace them (CAP_SYS_MODULE) or policy allows anyone.
 * @param path of the program @returns 0; WAIT; -ENOEXEC: a list is malformed, or no module that may come in will do
 */
export function meetNeeds(kernel: Kernel, tid: number, binary: Binary, path: string): number {
  const note = readNotes(kernel, binary);
  if (typeof note === 'number') return note;
  const beside = readBeside(kernel, tid, path);
  if (typeof beside === 'number') return beside;
  if (note === '' && beside === '') return 0;
  const needs = parseNeeds(`${note}\n${beside}`);
  if (needs === null) return -ENOEXEC;
  const authorised = kernel.process.capable(tid, CAP_SYS_MODULE);
  for (const need of needs) {
    const met = demand(kernel, tid, need, authorised);
    if (met === WAIT) return WAIT;
    if (met !== 0) return -ENOEXEC;
  }
  return 0;
}
