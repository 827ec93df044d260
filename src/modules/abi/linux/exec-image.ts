/**
 * Builds the address space of a program: segments, heap, stack and the signal trampoline.
 *
 * Works on a fresh space that nobody runs in yet, so that it may be thrown away and built again. Source: execve(2), elf(5).
 */
import { type ElfProgram, type ElfSegment } from '../../../abi/elf/parse.ts';
import { PF_R, PF_W, PF_X } from '../../../abi/elf/layout.ts';
import { EFAULT, ENOMEM } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../contracts/pmap.ts';
import { USER_TOP, VMA_GROWSDOWN, VMA_SPECIAL, VMA_STACK } from '../../../contracts/vm.ts';
import { copyToPhysical } from '../../../lib/spans.ts';
import { PAGE_SIZE } from '../../../machine/layout.ts';
import type { Binary } from './exec-program.ts';

/** Page that holds the call of rt_sigreturn that handlers return to (riscv has no SA_RESTORER). */
export const TRAMPOLINE: number = USER_TOP - 2 * PAGE_SIZE;
/** One past the first byte of every stack. */
export const STACK_TOP: number = USER_TOP - 16 * PAGE_SIZE;
/** Where a position-independent program goes; its heap grows from behind it. */
const PIE_BASE = 0x2aaa_a000;
/** A stack begins with so many bytes below its first contents, as Linux's does. */
const STACK_EXPAND = 131072;
const ALL_PROT: number = PROT_READ | PROT_WRITE | PROT_EXEC;
/** `li a7, 139; ecall`. */
const TRAMPOLINE_CODE = new Uint8Array([0x93, 0x08, 0xb0, 0x08, 0x73, 0x00, 0x00, 0x00]);

const pageDown = (value: number): number => value - (value % PAGE_SIZE);
const pageUp = (value: number): number => pageDown(value + PAGE_SIZE - 1);

/** Map exactly there. @returns 0, -errno or WAIT */
function mapAt(
  kernel: Kernel,
  space: number,
  address: number,
  length: number,
  prot: number,
  flags: number,
  inode: number,
  offset: number,
): number {
  const request = { address, length, prot, maxProt: ALL_PROT, flags, fixed: true, noReplace: false };
  const at = kernel.vm.map(space, { ...request, inode, offset });
  return at < 0 ? at : 0;
}

/** Write into a space that is not the caller's. Pre: mapped writable. @returns 0, -errno or WAIT */
export function copyInto(kernel: Kernel, space: number, va: number, bytes: Uint8Array): number {
  for (let done = 0; done < bytes.length; ) {
    const at = va + done;
    const count = Math.min(PAGE_SIZE - (at % PAGE_SIZE), bytes.length - done);
    let physical = kernel.pmap.translate(space, at, PROT_WRITE);
    if (physical === 0) {
      const error = kernel.vm.fault(space, at, PROT_WRITE, Number.POSITIVE_INFINITY);
      if (error !== 0) return error;
      physical = kernel.pmap.translate(space, at, PROT_WRITE);
      if (physical === 0) return -EFAULT;
    }
    copyToPhysical(kernel, bytes, done, physical, count);
    done += count;
  }
  return 0;
}

const protectionOf = (flags: number): number =>
  ((flags & PF_R) !== 0 ? PROT_READ : 0) |
  ((flags & PF_W) !== 0 ? PROT_WRITE : 0) |
  ((flags & PF_X) !== 0 ? PROT_EXEC : 0);

function mapSegment(kernel: Kernel, space: number, inode: number, bias: number, segment: ElfSegment): number {
  const prot = protectionOf(segment.flags);
  const start = pageDown(segment.address + bias);
  const fileEnd = segment.address + bias + segment.fileSize;
  const end = pageUp(segment.address + bias + segment.memorySize);
  let mapped = start;
  if (segment.fileSize > 0) {
    mapped = pageUp(fileEnd);
    const offset = pageDown(segment.offset);
    const error = mapAt(kernel, space, start, mapped - start, prot, 0, inode, offset);
    if (error !== 0) return error;
    // What follows the file's bytes in their last page is bss.
    if (segment.memorySize > segment.fileSize && (prot & PROT_WRITE) !== 0 && fileEnd < mapped) {
      const zeroed = copyInto(kernel, space, fileEnd, new Uint8Array(mapped - fileEnd));
      if (zeroed !== 0) return zeroed;
    }
  }
  return mapped < end ? mapAt(kernel, space, mapped, end - mapped, prot, 0, 0, 0) : 0;
}

/** Find room for a program that may lie anywhere. @returns the address for its first page, or -errno */
function findRoom(kernel: Kernel, space: number, program: ElfProgram): number {
  const length = program.end - program.start + program.alignment - PAGE_SIZE;
  const request = { address: 0, length, prot: 0, maxProt: ALL_PROT, flags: 0, fixed: false };
  const at = kernel.vm.map(space, { ...request, noReplace: false, inode: 0, offset: 0 });
  if (at < 0) return at;
  const error = kernel.vm.unmap(space, at, length);
  if (error !== 0) return error;
  return Math.ceil(at / program.alignment) * program.alignment;
}

/** @param base wanted address of the first page, 0 = where there is room @returns the bias (>= 0), -errno or WAIT */
function mapBinary(kernel: Kernel, space: number, binary: Binary, base: number): number {
  const { header, program } = binary;
  let bias = 0;
  if (header.relocatable) {
    const aligned = Math.ceil(base / program.alignment) * program.alignment;
    const at = base === 0 ? findRoom(kernel, space, program) : aligned;
    if (at < 0) return at;
    bias = at - program.start;
    if (bias < 0) return -ENOMEM;
  }
  for (const segment of program.segments) {
    const error = mapSegment(kernel, space, binary.inode, bias, segment);
    if (error !== 0) return error;
  }
  return bias;
}

/** Where things came to lie. */
export interface Image {
  /** First instruction: the loader's if there is one. */
  readonly pc: number;
  readonly entry: number;
  readonly headers: number;
  readonly loaderBase: number;
}

export function loadImage(
  kernel: Kernel,
  space: number,
  binary: Binary,
  loader: Binary | null,
): Image | number {
  const bias = mapBinary(kernel, space, binary, PIE_BASE);
  if (bias < 0) return bias;
  kernel.vm.setHeap(space, binary.program.end + bias);
  let loaderBase = 0;
  if (loader !== null) {
    loaderBase = mapBinary(kernel, space, loader, 0);
    if (loaderBase < 0) return loaderBase;
  }
  let error = mapAt(kernel, space, TRAMPOLINE, PAGE_SIZE, PROT_READ | PROT_WRITE, VMA_SPECIAL, 0, 0);
  if (error === 0) error = copyInto(kernel, space, TRAMPOLINE, TRAMPOLINE_CODE);
  if (error === 0) error = kernel.vm.protect(space, TRAMPOLINE, PAGE_SIZE, PROT_READ | PROT_EXEC);
  if (error !== 0) return error;
  const entry = binary.header.entry + bias;
  const { headers } = binary.program;
  return {
    pc: loader === null ? entry : loader.header.entry + loaderBase,
    entry,
    headers: headers === 0 ? 0 : headers + bias,
    loaderBase,
  };
}

/** Map the stack and write its first contents, which end at STACK_TOP. */
export function loadStack(kernel: Kernel, space: number, contents: Uint8Array, executable: boolean): number {
  const length = pageUp(contents.length + STACK_EXPAND);
  const prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  const flags = VMA_GROWSDOWN | VMA_STACK;
  const error = mapAt(kernel, space, STACK_TOP - length, length, prot, flags, 0, 0);
  return error !== 0 ? error : copyInto(kernel, space, STACK_TOP - contents.length, contents);
}
