/**
 * A thread's registers in its context, as the ABI names them. 64-bit values are lo/hi pairs or numbers below 2^53.
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import { CONTEXT_SIZE, CTX_F, CTX_FCSR, CTX_PC, CTX_RETIRED, CTX_X } from '../../../machine/layout.ts';
import { contextAddress } from '../../../machine/machine.ts';

export const RA = 1;
export const SP = 2;
export const TP = 4;
export const A0 = 10;
export const A1 = 11;
export const A2 = 12;
export const A7 = 17;

/** Physical address of the thread's context. */
export const contextOf = (kernel: Kernel, tid: number): number =>
  contextAddress(kernel.machine.layout, kernel.process.thread(tid).context);

export function setRegister(kernel: Kernel, context: number, register: number, value: number): void {
  const at = (context + CTX_X + 8 * register) >>> 2;
  kernel.machine.u32[at] = value >>> 0;
  kernel.machine.u32[at + 1] = Math.floor(value / 0x1_0000_0000);
}

/** Unsigned; above 2^53 only roughly right. */
export function register(kernel: Kernel, context: number, index: number): number {
  const at = (context + CTX_X + 8 * index) >>> 2;
  return (kernel.machine.u32[at + 1] as number) * 0x1_0000_0000 + (kernel.machine.u32[at] as number);
}

export function setPc(kernel: Kernel, context: number, pc: number): void {
  kernel.machine.u32[(context + CTX_PC) >>> 2] = pc >>> 0;
  kernel.machine.u32[(context + CTX_PC + 4) >>> 2] = Math.floor(pc / 0x1_0000_0000);
}

export function pcOf(kernel: Kernel, context: number): number {
  const at = (context + CTX_PC) >>> 2;
  return (kernel.machine.u32[at + 1] as number) * 0x1_0000_0000 + (kernel.machine.u32[at] as number);
}

/** Zero all but the count of retired instructions, which is the thread's for life. */
export function clearRegisters(kernel: Kernel, context: number): void {
  const { u8 } = kernel.machine;
  u8.fill(0, context + CTX_X, context + CTX_RETIRED);
  u8.fill(0, context + CTX_RETIRED + 8, context + CONTEXT_SIZE);
}

/** The child of clone(2) goes on where its parent is; its own count begins at 0. */
export function copyRegisters(kernel: Kernel, from: number, to: number): void {
  kernel.machine.u8.copyWithin(to, from, from + CONTEXT_SIZE);
  kernel.machine.u8.fill(0, to + CTX_RETIRED, to + CTX_RETIRED + 8);
}

export { CTX_F, CTX_FCSR, CTX_PC, CTX_X };
