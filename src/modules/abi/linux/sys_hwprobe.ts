/**
 * riscv_hwprobe: what the processors can do, beyond the letters of AT_HWCAP. There is one processor.
 *
 * Source: Documentation/arch/riscv/hwprobe.rst.
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { type Probe, PROBES, RISCV_HWPROBE_WHICH_CPUS } from '../../../abi/linux/isa.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { THREE_LEVELS_LIMIT } from '../../../contracts/pmap.ts';
import { partial, type Row } from './call.ts';
import { put64 } from './usage.ts';

/** struct riscv_hwprobe { s64 key; u64 value; } */
const PAIR_SIZE = 16;
const PAIRS_MOST = 1024;
const CPU_MASK_BYTES = 8;

const probeOf = (pairs: DataView, at: number): Probe | undefined =>
  pairs.getInt32(at + 4, true) === 0 ? PROBES[pairs.getUint32(at, true)] : undefined;
const valueOf = (kernel: Kernel, probe: Probe): number =>
  probe.value ?? kernel.pmap.limit?.() ?? THREE_LEVELS_LIMIT;

/** What is asked of `probe` in the pair at `at`: some bits, or the very value. */
function agrees(kernel: Kernel, probe: Probe, pairs: DataView, at: number): boolean {
  const mine = new DataView(new ArrayBuffer(8));
  put64(mine, 0, valueOf(kernel, probe));
  return [0, 4].every((half) => {
    const asked = pairs.getUint32(at + 8 + half, true);
    const have = mine.getUint32(half, true);
    return (probe.isMask ? (have & asked) >>> 0 : have) === asked;
  });
}

/** An unknown key becomes -1, its value 0. */
function forget(pairs: DataView, at: number): void {
  put64(pairs, at, -1);
  put64(pairs, at + 8, 0);
}

function answer(kernel: Kernel, pairs: DataView): void {
  for (let at = 0; at < pairs.byteLength; at += PAIR_SIZE) {
    const probe = probeOf(pairs, at);
    if (probe === undefined) forget(pairs, at);
    else put64(pairs, at + 8, valueOf(kernel, probe));
  }
}

/** Leave of the processors those that are as the pairs say; none named stands for all. @returns true if all keys are known */
function choose(kernel: Kernel, pairs: DataView, cpus: Uint8Array): boolean {
  let known = true;
  let agreed = cpus.every((byte) => byte === 0) || ((cpus[0] as number) & 1) !== 0;
  for (let at = 0; at < pairs.byteLength; at += PAIR_SIZE) {
    const probe = probeOf(pairs, at);
    if (probe === undefined) forget(pairs, at);
    known &&= probe !== undefined;
    agreed &&= probe !== undefined && agrees(kernel, probe, pairs, at);
  }
  cpus.fill(0);
  if (agreed) cpus[0] = 1;
  return known;
}

/** riscv_hwprobe(pairs, pair_count, cpusetsize, cpus, flags) */
function sysHwprobe(
  kernel: Kernel,
  tid: number,
  pairsAt: number,
  count: number,
  size: number,
  cpusAt: number,
  flags: number,
): number {
  const which = flags === RISCV_HWPROBE_WHICH_CPUS;
  if (flags !== 0 && !which) return -EINVAL;
  if (which && (size === 0 || cpusAt === 0)) return -EINVAL;
  const cpus = new Uint8Array(Math.min(size, CPU_MASK_BYTES));
  if (size !== 0 || cpusAt !== 0) {
    const error = kernel.user.read(tid, cpusAt, cpus);
    if (error !== 0) return error;
    if (!which && ((cpus[0] ?? 0) & 1) === 0) return -EINVAL;
  }
  if (count > PAIRS_MOST) return -EINVAL;
  const bytes = new Uint8Array(PAIR_SIZE * count);
  const pairs = new DataView(bytes.buffer);
  const error = kernel.user.read(tid, pairsAt, bytes);
  if (error !== 0) return error;
  if (!which) {
    answer(kernel, pairs);
    return kernel.user.write(tid, pairsAt, bytes);
  }
  const failed = choose(kernel, pairs, cpus) ? 0 : kernel.user.write(tid, pairsAt, bytes);
  return failed !== 0 ? failed : kernel.user.write(tid, cpusAt, cpus);
}

export const hwprobeCalls: readonly Row[] = [
  partial(
    258,
    'riscv_hwprobe',
    ['ptr', 'size', 'size', 'ptr', 'uint'],
    sysHwprobe,
    `at most ${PAIRS_MOST} pairs`,
  ),
];
