/**
 * Reads and checks an ELF64 executable for riscv. Pure: it sees bytes, never a file.
 *
 * What it returns can be mapped as it stands: segments ascend, do not overlap, lie in the file and below the limit of
 * user addresses. Whatever the bytes are, it throws nothing but ElfError.
 */
import {
  E_ENTRY,
  E_MACHINE,
  E_PHENTSIZE,
  E_PHNUM,
  E_PHOFF,
  E_TYPE,
  EHDR_SIZE,
  EI_CLASS,
  EI_DATA,
  EI_VERSION,
  ELF_MAGIC,
  ELFCLASS64,
  ELFDATA2LSB,
  EM_RISCV,
  ET_DYN,
  ET_EXEC,
  P_ALIGN,
  P_FILESZ,
  P_FLAGS,
  P_MEMSZ,
  P_OFFSET,
  P_TYPE,
  P_VADDR,
  PF_X,
  PHDR_SIZE,
  PT_GNU_STACK,
  PT_INTERP,
  PT_LOAD,
  PT_NOTE,
  PT_PHDR,
} from './layout.ts';

/** Not an executable that can be loaded; execve(2) says ENOEXEC. */
export class ElfError extends Error {
  constructor(reason: string) {
    super(`not a loadable riscv64 executable: ${reason}`);
    this.name = 'ElfError';
  }
}

export interface ElfHeader {
  /** ET_DYN: may be loaded anywhere. */
  readonly relocatable: boolean;
  readonly entry: number;
  readonly tableOffset: number;
  readonly tableCount: number;
}

/** A PT_LOAD segment. PF_ bits in `flags`; bytes everywhere. */
export interface ElfSegment {
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface ElfProgram {
  readonly segments: readonly ElfSegment[];
  /** Where notes lie in the file, in bytes; those that are too long or beyond its end are left out. */
  readonly notes: readonly { readonly offset: number; readonly size: number }[];
  /** Where the interpreter's path lies in the file, its NUL included; null if there is none. */
  readonly interpreter: { readonly offset: number; readonly size: number } | null;
  readonly executableStack: boolean;
  /** Address of the program headers once loaded, 0 if no segment holds them. */
  readonly headers: number;
  /** First address and one past the last, page aligned. */
  readonly start: number;
  readonly end: number;
  /** Largest alignment that a segment asks for, at least a page. */
  readonly alignment: number;
}

const PAGE = 4096;
const PATH_MAX = 4096;
/** Longer notes are nobody's that is known. */
const NOTE_MAX = 4096;
/** Linux refuses more than this many bytes of program headers. */
const TABLE_MAX = 65536;
/** Alignments above this are not worth honouring. */
const ALIGNMENT_MAX = 1 << 21;

const pageDown = (value: number): number => value - (value % PAGE);
const pageUp = (value: number): number => pageDown(value + PAGE - 1);

function view(bytes: Uint8Array, needed: number, what: string): DataView {
  if (bytes.length < needed) throw new ElfError(`truncated ${what}`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function read64(data: DataView, at: number, what: string): number {
  const value = data.getUint32(at + 4, true) * 0x1_0000_0000 + data.getUint32(at, true);
  if (value > Number.MAX_SAFE_INTEGER) throw new ElfError(`${what} is out of range`);
  return value;
}

/** @param bytes at least the first 64 of the file */
export function parseHeader(bytes: Uint8Array): ElfHeader {
  const data = view(bytes, EHDR_SIZE, 'header');
  if (ELF_MAGIC.some((byte, i) => bytes[i] !== byte)) throw new ElfError('no ELF magic');
  if (bytes[EI_CLASS] !== ELFCLASS64) throw new ElfError('not 64-bit');
  if (bytes[EI_DATA] !== ELFDATA2LSB) throw new ElfError('not little endian');
  if (bytes[EI_VERSION] !== 1) throw new ElfError('unknown version');
  if (data.getUint16(E_MACHINE, true) !== EM_RISCV) throw new ElfError('for another machine');
  const type = data.getUint16(E_TYPE, true);
  if (type !== ET_EXEC && type !== ET_DYN) throw new ElfError('not an executable');
  if (data.getUint16(E_PHENTSIZE, true) !== PHDR_SIZE) throw new ElfError('odd program header size');
  const tableCount = data.getUint16(E_PHNUM, true);
  if (tableCount === 0 || tableCount * PHDR_SIZE > TABLE_MAX) throw new ElfError('odd count of headers');
  return {
    relocatable: type === ET_DYN,
    entry: read64(data, E_ENTRY, 'entry'),
    tableOffset: read64(data, E_PHOFF, 'header offset'),
    tableCount,
  };
}

/**
 * @param table the program headers, `tableCount` * 56 bytes
 * @param fileSize of the whole file
 * @param limit first address that a segment may not reach
 */
export function parseProgram(
  header: ElfHeader,
  table: Uint8Array,
  fileSize: number,
  limit: number,
): ElfProgram {
  const data = view(table, header.tableCount * PHDR_SIZE, 'program headers');
  const segments: ElfSegment[] = [];
  const notes: { offset: number; size: number }[] = [];
  let interpreter: ElfProgram['interpreter'] = null;
  let executableStack = false;
  let headers = 0;
  let alignment = PAGE;
  for (let i = 0; i < header.tableCount; i++) {
    const at = i * PHDR_SIZE;
    const type = data.getUint32(at + P_TYPE, true);
    const flags = data.getUint32(at + P_FLAGS, true);
    if (type === PT_GNU_STACK) executableStack = (flags & PF_X) !== 0;
    if (type === PT_PHDR) headers = read64(data, at + P_VADDR, 'header address');
    if (type === PT_INTERP && interpreter === null) {
      const offset = read64(data, at + P_OFFSET, 'interpreter offset');
      const size = read64(data, at + P_FILESZ, 'interpreter size');
      if (size < 2 || size > PATH_MAX || offset + size > fileSize) throw new ElfError('bad interpreter');
      interpreter = { offset, size };
    }
    if (type === PT_NOTE) {
      const offset = read64(data, at + P_OFFSET, 'note offset');
      const size = read64(data, at + P_FILESZ, 'note size');
      if (size <= NOTE_MAX && offset + size <= fileSize) notes.push({ offset, size });
    }
    if (type !== PT_LOAD) continue;
    const segment = parseSegment(data, at, flags, fileSize, limit);
    if (segment.memorySize === 0) continue;
    const before = segments.at(-1);
    if (before !== undefined && segment.address < before.address + before.memorySize) {
      throw new ElfError('segments overlap or descend');
    }
    segments.push(segment);
    const align = read64(data, at + P_ALIGN, 'alignment');
    if (align > alignment && align <= ALIGNMENT_MAX && Number.isInteger(Math.log2(align))) alignment = align;
  }
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) throw new ElfError('nothing to load');
  return {
    segments,
    notes,
    interpreter,
    executableStack,
    headers: headers === 0 ? headersWithin(header, segments) : headers,
    start: pageDown(first.address),
    end: pageUp(last.address + last.memorySize),
    alignment,
  };
}

function parseSegment(
  data: DataView,
  at: number,
  flags: number,
  fileSize: number,
  limit: number,
): ElfSegment {
  const offset = read64(data, at + P_OFFSET, 'segment offset');
  const address = read64(data, at + P_VADDR, 'segment address');
  const size = read64(data, at + P_FILESZ, 'segment size');
  const memorySize = read64(data, at + P_MEMSZ, 'segment size in memory');
  if (size > memorySize) throw new ElfError('segment larger in the file than in memory');
  if (size > 0 && offset + size > fileSize) throw new ElfError('truncated segment');
  if (address + memorySize > limit) throw new ElfError('segment outside user memory');
  if (size > 0 && offset % PAGE !== address % PAGE) throw new ElfError('segment not congruent with its page');
  return { flags, offset, address, fileSize: size, memorySize };
}

/** Where the program headers come to lie, by the segment that holds them. */
function headersWithin(header: ElfHeader, segments: readonly ElfSegment[]): number {
  for (const { offset, address, fileSize } of segments) {
    const inside = header.tableOffset - offset;
    if (inside >= 0 && inside + header.tableCount * PHDR_SIZE <= fileSize) return address + inside;
  }
  return 0;
}
