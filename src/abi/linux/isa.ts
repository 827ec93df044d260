/**
 * What a guest is told of the instruction set: AT_HWCAP, riscv_hwprobe and /proc/cpuinfo's isa line. Data only.
 *
 * Source: Documentation/arch/riscv/hwprobe.rst and uabi.rst, asm/hwprobe.h of Linux 6.12.
 */

const LETTERS = 'imafdc';

/** Extensions of more than a letter in the order in which Linux lists them, and their bits in IMA_EXT_0. */
const EXTENSIONS: readonly (readonly [name: string, bit: number | null])[] = [
  ['zicsr', null],
  ['zifencei', null],
  ['zihintntl', 29],
  ['zihintpause', 36],
  ['zba', 3],
  ['zbb', 4],
  ['zbs', 5],
];

/** The isa string. */
export const ISA: string = [`rv64${LETTERS}`, ...EXTENSIONS.map(([name]) => name)].join('_');

/** One bit for each single-letter extension, a = bit 0. Linux gives none to b, which stands for zba, zbb and zbs. */
export const HWCAP: number = [...LETTERS].reduce(
  (bits, letter) => bits | (1 << (letter.charCodeAt(0) - 97)),
  0,
);

const BASE_BEHAVIOR_IMA = 1;
const IMA_FD = 1;
const IMA_C = 2;
const IMA_EXT_0: number = EXTENSIONS.reduce(
  (sum, [, bit]) => sum + (bit === null ? 0 : 2 ** bit),
  IMA_FD + IMA_C,
);
const MISALIGNED_FAST = 3;
/** The time base that riscv's device trees name most: 10 MHz. */
export const TIME_FREQUENCY = 10_000_000;

/** riscv_hwprobe's flag that asks which processors have what the pairs say. */
export const RISCV_HWPROBE_WHICH_CPUS = 1;

/** What riscv_hwprobe answers for a key. */
export interface Probe {
  /** null: the highest address, which is the pmap's to say. */
  readonly value: number | null;
  /** Bits, of which a question may name some; else a number. */
  readonly isMask: boolean;
}
const number = (value: number | null): Probe => ({ value, isMask: false });
const mask = (value: number): Probe => ({ value, isMask: true });

/** By key, as Linux 6.12 has them. */
export const PROBES: readonly Probe[] = [
  number(0), // MVENDORID
  number(0), // MARCHID
  number(0), // MIMPID
  mask(BASE_BEHAVIOR_IMA),
  mask(IMA_EXT_0),
  mask(MISALIGNED_FAST), // CPUPERF_0
  number(0), // ZICBOZ_BLOCK_SIZE: there is no Zicboz
  number(null), // HIGHEST_VIRT_ADDRESS
  number(TIME_FREQUENCY), // TIME_CSR_FREQ
  number(MISALIGNED_FAST), // MISALIGNED_SCALAR_PERF
];
