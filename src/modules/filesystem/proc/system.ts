/**
 * Texts about the system as a whole: memory, processors, time, modules.
 *
 * Source: proc_meminfo(5), proc_stat(5), proc_cpuinfo(5), proc_uptime(5), proc_loadavg(5), proc_modules(5), proc_vmstat(5), proc_swaps(5).
 */
import { ISA } from '../../../abi/linux/isa.ts';
import { linuxType } from '../../../abi/linux/mount.ts';
import { SECTORS_PER_FRAME } from '../../../contracts/block.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { ThreadGroup } from '../../../contracts/process.ts';
import { SWAP_DISK } from '../../../contracts/vm.ts';
import { ticks } from './status.ts';

const NS = 1_000_000_000;
const KB_PER_PAGE = 4;

export function meminfo(kernel: Kernel): string {
  const total = kernel.frames.total();
  const free = kernel.frames.free();
  const cached = kernel.pagecache.count(-1);
  const buffers = kernel.buffercache.counts();
  const disk = kernel.block.disk(kernel.block.find(SWAP_DISK));
  const swap = disk === null ? 0 : Math.floor(disk.sectors / SECTORS_PER_FRAME);
  const line = (name: string, pages: number): string =>
    `${`${name}:`.padEnd(15)}${`${pages * KB_PER_PAGE}`.padStart(9)} kB\n`;
  return [
    line('MemTotal', total),
    line('MemFree', free),
    line('MemAvailable', free),
    line('Buffers', buffers.units),
    line('Cached', cached),
    line('SwapCached', 0),
    line('Active', total - free - cached),
    line('Inactive', cached),
    line('SwapTotal', swap),
    line('SwapFree', swap - (kernel.vm.evicted?.(-1, 0, 0) ?? 0)),
    line('Dirty', buffers.dirty),
    line('Writeback', buffers.writing),
    line('AnonPages', Math.max(total - free - cached, 0)),
    line('Mapped', 0),
    line('Shmem', 0),
    line('Slab', 0),
    line('SReclaimable', 0),
    line('SUnreclaim', 0),
    line('PageTables', 0),
    line('CommitLimit', total + swap),
    line('Committed_AS', total - free),
    'HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n',
  ].join('');
}

/** The disk that pages go to, where the module of vm in place uses it. */
export function swaps({ block, vm }: Kernel): string {
  const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
  const disk = block.disk(block.find(SWAP_DISK));
  if (disk === null || vm.evicted === undefined) return head;
  const size = Math.floor(disk.sectors / SECTORS_PER_FRAME) * KB_PER_PAGE;
  const used = vm.evicted(-1, 0, 0) * KB_PER_PAGE;
  return `${head}${`/dev/${SWAP_DISK}`.padEnd(40)}partition\t${size}\t\t${used}\t\t-2\n`;
}

/** CPU time of all processes, those that were collected included, in ns. */
function totals(kernel: Kernel): [number, number] {
  let user = 0;
  let system = 0;
  for (const group of kernel.process.groups()) {
    user += group.exitedUserNs + group.childUserNs;
    system += group.exitedSystemNs + group.childSystemNs;
    for (const tid of group.threads) {
      const thread = kernel.process.findThread(tid);
      if (thread === null || thread.dead) continue;
      user += thread.userNs;
      system += thread.systemNs;
    }
  }
  return [user, system];
}

const blocked = (kernel: Kernel, group: ThreadGroup): number =>
  group.threads.filter((tid) => kernel.waits.waiting(tid) === 'disk').length;

export function stat(kernel: Kernel): string {
  const { counters } = kernel;
  const [user, system] = totals(kernel);
  const cpu = `${ticks(user)} 0 ${ticks(system)} ${ticks(counters.idleNs)} 0 0 0 0 0 0`;
  const waiting = kernel.process.groups().reduce((sum, group) => sum + blocked(kernel, group), 0);
  return [
    `cpu  ${cpu}`,
    `cpu0 ${cpu}`,
    `intr ${counters.kernelEntries}`,
    `ctxt ${counters.contextSwitches}`,
    `btime ${kernel.time.bootSeconds}`,
    `processes ${counters.forks + 1}`,
    `procs_running ${kernel.scheduler.load()}`,
    `procs_blocked ${waiting}`,
    'softirq 0 0 0 0 0 0 0 0 0 0 0',
    '',
  ].join('\n');
}

const hundredths = (ns: number): string => (Math.floor(ns / (NS / 100)) / 100).toFixed(2);

export const uptime = (kernel: Kernel): string =>
  `${hundredths(kernel.clock.monotonic())} ${hundredths(kernel.counters.idleNs)}\n`;

/** The length of the run queue now: nobody averages it. */
export function loadavg(kernel: Kernel): string {
  const load = kernel.scheduler.load();
  const groups = kernel.process.groups();
  const threads = groups.reduce((sum, group) => sum + group.threads.length, 0);
  const average = load.toFixed(2);
  return `${average} ${average} ${average} ${load}/${threads} ${groups.at(-1)?.tgid ?? 1}\n`;
}

export function cpuinfo(kernel: Kernel): string {
  let text = '';
  for (let hart = 0; hart < kernel.machine.layout.harts; hart++) {
    text += `processor\t: ${hart}\nhart\t\t: ${hart}\nisa\t\t: ${ISA}\nmmu\t\t: sv39\n`;
    text += `mvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: ${ISA}\n\n`;
  }
  return text;
}

/** `-` as `_`, as in every name that a guest gives or gets. */
export const underscored = (name: string): string => name.replaceAll('-', '_');

export const modules = (kernel: Kernel): string =>
  kernel.modules
    .list()
    .filter(({ active }) => active)
    .map(
      ({ guestName, size, users }) =>
        `${underscored(guestName)} ${size} ${users} - Live 0x0000000000000000\n`,
    )
    .join('');

/** File systems that are mounted from a disk. */
const ON_DISK: ReadonlySet<string> = new Set(['ext2', 'tar']);

export const filesystems = (kernel: Kernel): string =>
  Object.keys(kernel.filesystem)
    .map((type) => `${ON_DISK.has(type) ? '' : 'nodev'}\t${linuxType(type)}\n`)
    .join('');

export const vmstat = (kernel: Kernel): string =>
  [
    `nr_free_pages ${kernel.frames.free()}`,
    `nr_file_pages ${kernel.pagecache.count(-1)}`,
    'nr_dirty 0',
    'nr_writeback 0',
    'pgpgin 0',
    'pgpgout 0',
    'pswpin 0',
    'pswpout 0',
    `pgfault ${kernel.counters.pageFaults}`,
    'pgmajfault 0',
    '',
  ].join('\n');

export function uuid(kernel: Kernel): string {
  const bytes = new Uint8Array(16);
  kernel.host.random(bytes);
  // Version 4, variant 1 (RFC 9562).
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
