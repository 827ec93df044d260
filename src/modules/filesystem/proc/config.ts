/**
 * /proc/config.gz: what of Linux's options this kernel has, by the modules that are in place. A table.
 *
 * An option stands for what programs see of it, not for how Linux does it. Source: proc_config.gz(5), Linux's Kconfig files.
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import { gzipped } from '../../../lib/gzip.ts';

const ALWAYS = (): boolean => true;

const OPTIONS: readonly (readonly [has: (kernel: Kernel) => boolean, ...names: string[]])[] = [
  [ALWAYS, '64BIT', 'MMU', 'RISCV', 'MULTIUSER', 'PRINTK', 'MODULES', 'MODULE_UNLOAD'],
  [
    ALWAYS,
    'IKCONFIG',
    'IKCONFIG_PROC',
    'PROC_FS',
    'PROC_SYSCTL',
    'SYSFS',
    'FILE_LOCKING',
    'CROSS_MEMORY_ATTACH',
  ],
  [
    ALWAYS,
    'BINFMT_ELF',
    'BINFMT_SCRIPT',
    'TTY',
    'UNIX98_PTYS',
    'BLOCK',
    'CROSS_MEMORY_ATTACH',
    'ADVISE_SYSCALLS',
  ],
  [ALWAYS, 'EPOLL', 'EVENTFD', 'SIGNALFD', 'TIMERFD', 'POSIX_TIMERS', 'HIGH_RES_TIMERS', 'FUTEX'],
  [({ ipc }) => ipc.createQueue !== undefined, 'SYSVIPC', 'SYSVIPC_SYSCTL', 'CHECKPOINT_RESTORE'],
  [({ ipc }) => ipc.namedQueue !== undefined, 'POSIX_MQUEUE', 'POSIX_MQUEUE_SYSCTL'],
  [({ vfs }) => vfs.openMemory !== undefined, 'MEMFD_CREATE', 'SHMEM'],
  [({ filesystem }) => filesystem['ram'] !== undefined, 'TMPFS', 'TMPFS_XATTR'],
  [({ filesystem }) => filesystem['dev'] !== undefined, 'DEVTMPFS'],
  [({ filesystem }) => filesystem['overlay'] !== undefined, 'OVERLAY_FS'],
  [({ filesystem }) => filesystem['ext2'] !== undefined, 'EXT2_FS'],
  [ALWAYS, 'NET', 'UNIX'],
  [({ net }) => net.links !== undefined, 'INET', 'IPV6'],
];

export const configuration = (kernel: Kernel): string =>
  gzipped(
    OPTIONS.flatMap(([has, ...names]) => (has(kernel) ? names.map((name) => `CONFIG_${name}=y\n`) : [])).join(
      '',
    ),
  );
