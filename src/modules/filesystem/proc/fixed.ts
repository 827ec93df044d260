/**
 * The files of /proc that belong to no process. A table.
 *
 * The order is part of the inode numbers: new rows go to the end. Source: proc(5) and the pages that it names.
 */
import type { Kernel } from '../../../contracts/kernel.ts';
import { file, link, setting, type TextRow, type TextTree, textTree } from '../../../lib/text-tree.ts';
import { MAX_PID } from './numbers.ts';
import { configuration } from './config.ts';
import { ipcLimitText } from './ipc-limits.ts';
import type { ProcState } from './state.ts';
import { tcp, tcp6, udp, udp6, unix } from './sockets.ts';
import { messageQueueTable, segmentTable, semaphoreTable } from './sysv.ts';
import {
  cpuinfo,
  filesystems,
  loadavg,
  meminfo,
  modules,
  stat,
  swaps,
  uptime,
  uuid,
  vmstat,
} from './system.ts';

export interface Context {
  readonly kernel: Kernel;
  readonly state: ProcState;
}

const bootId = ({ kernel, state }: Context): string => {
  if (state.bootId === '') state.bootId = uuid(kernel);
  return `${state.bootId}\n`;
};

const DEVICES = `Character devices:
  1 mem
  5 /dev/tty
  5 /dev/console
  5 /dev/ptmx
136 pts

Block devices:
`;
const INTERFACES = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
`;

const limit = (path: string): TextRow<Context> =>
  file(path, ({ kernel }) => ipcLimitText(kernel, path), 0o644);

const ROWS: readonly TextRow<Context>[] = [
  // Their targets depend on who asks: see module.ts.
  link('self', 'self'),
  link('thread-self', 'thread-self'),
  link('mounts', 'self/mounts'),
  file('meminfo', ({ kernel }) => meminfo(kernel)),
  file('cpuinfo', ({ kernel }) => cpuinfo(kernel)),
  file('stat', ({ kernel }) => stat(kernel)),
  file('uptime', ({ kernel }) => uptime(kernel)),
  file('loadavg', ({ kernel }) => loadavg(kernel)),
  file('version', ({ kernel: { settings } }) => `Linux version ${settings.release} ${settings.version}\n`),
  file('filesystems', ({ kernel }) => filesystems(kernel)),
  file('modules', ({ kernel }) => modules(kernel)),
  file('cmdline', () => 'strake\n'),
  file('vmstat', ({ kernel }) => vmstat(kernel)),
  file('diskstats', () => ''),
  file('partitions', () => 'major minor  #blocks  name\n\n'),
  file('swaps', ({ kernel }) => swaps(kernel)),
  file('devices', () => DEVICES),
  file('interrupts', () => '           CPU0       \n'),
  file('locks', () => ''),
  file('misc', () => ''),
  file('consoles', () => 'tty0                 -WU (EC  p  )    5:1\n'),
  file('net/dev', () => INTERFACES),
  file(
    'net/route',
    () => 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n',
  ),
  file('net/tcp', ({ kernel }) => tcp(kernel)),
  file('net/tcp6', ({ kernel }) => tcp6(kernel)),
  file('net/udp', ({ kernel }) => udp(kernel)),
  file('net/udp6', ({ kernel }) => udp6(kernel)),
  file('net/unix', ({ kernel }) => unix(kernel)),
  file('sysvipc/msg', ({ kernel }) => messageQueueTable(kernel)),
  file('sysvipc/sem', ({ kernel }) => semaphoreTable(kernel)),
  file('sysvipc/shm', ({ kernel }) => segmentTable(kernel)),
  file('sys/kernel/ostype', () => 'Linux\n'),
  file('sys/kernel/osrelease', ({ kernel }) => `${kernel.settings.release}\n`),
  file('sys/kernel/version', ({ kernel }) => `${kernel.settings.version}\n`),
  file('sys/kernel/hostname', ({ kernel }) => `${kernel.settings.hostname}\n`, 0o644),
  setting('sys/kernel/domainname', '(none)'),
  setting('sys/kernel/pid_max', `${MAX_PID + 1}`),
  file('sys/kernel/ngroups_max', () => '65536\n'),
  file('sys/kernel/cap_last_cap', () => '40\n'),
  file('sys/kernel/random/uuid', ({ kernel }) => `${uuid(kernel)}\n`),
  file('sys/kernel/random/boot_id', bootId),
  file('sys/kernel/random/entropy_avail', () => '256\n'),
  file('sys/kernel/random/poolsize', () => '256\n'),
  setting('sys/kernel/threads-max', `${MAX_PID}`),
  setting('sys/kernel/core_pattern', 'core'),
  setting('sys/kernel/overflowuid', '65534'),
  setting('sys/kernel/overflowgid', '65534'),
  setting('sys/kernel/randomize_va_space', '0'),
  setting('sys/kernel/perf_event_paranoid', '4'),
  setting('sys/kernel/printk', '4\t4\t1\t7'),
  setting('sys/kernel/tainted', '0'),
  setting('sys/kernel/sched_rt_period_us', '1000000'),
  setting('sys/kernel/sched_rt_runtime_us', '950000'),
  setting('sys/kernel/sched_deadline_period_min_us', '100'),
  setting('sys/kernel/sched_deadline_period_max_us', '4194304'),
  limit('sys/kernel/shmmax'),
  limit('sys/kernel/shmall'),
  limit('sys/kernel/shmmni'),
  limit('sys/kernel/sem'),
  limit('sys/kernel/msgmax'),
  limit('sys/kernel/msgmnb'),
  limit('sys/kernel/msgmni'),
  setting('sys/vm/overcommit_memory', '1'),
  setting('sys/vm/overcommit_ratio', '50'),
  setting('sys/vm/max_map_count', '65530'),
  setting('sys/vm/mmap_min_addr', '65536'),
  setting('sys/vm/swappiness', '60'),
  setting('sys/vm/nr_hugepages', '0'),
  setting('sys/vm/drop_caches', '0'),
  setting('sys/fs/file-max', '262144'),
  file('sys/fs/file-nr', () => '0\t0\t262144\n'),
  setting('sys/fs/nr_open', '65536'),
  setting('sys/fs/pipe-max-size', '1048576'),
  setting('sys/fs/pipe-user-pages-soft', '16384'),
  setting('sys/fs/pipe-user-pages-hard', '0'),
  setting('sys/fs/inotify/max_user_watches', '65536'),
  setting('sys/fs/inotify/max_user_instances', '128'),
  setting('sys/fs/inotify/max_queued_events', '16384'),
  setting('sys/fs/protected_hardlinks', '0'),
  setting('sys/fs/protected_symlinks', '0'),
  setting('sys/net/core/somaxconn', '4096'),
  setting('sys/net/core/rmem_max', '212992'),
  setting('sys/net/core/wmem_max', '212992'),
  setting('sys/net/ipv4/ip_local_port_range', '32768\t60999'),
  setting('sys/net/ipv4/ip_forward', '0'),
  setting('sys/net/ipv4/tcp_fin_timeout', '60'),
  limit('sys/fs/mqueue/msg_max'),
  limit('sys/fs/mqueue/msgsize_max'),
  limit('sys/fs/mqueue/queues_max'),
  setting('sys/net/unix/max_dgram_qlen', '10'),
  setting('sys/net/ipv4/tcp_max_syn_backlog', '4096'),
  setting('sys/net/core/rmem_default', '212992'),
  setting('sys/net/core/wmem_default', '212992'),
  file('net/if_inet6', () => '00000000000000000000000000000001 01 80 10 80       lo\n'),
  limit('sys/fs/mqueue/msg_default'),
  limit('sys/fs/mqueue/msgsize_default'),
  setting('sys/kernel/sched_rr_timeslice_ms', '100'),
  limit('sys/kernel/msg_next_id'),
  limit('sys/kernel/sem_next_id'),
  limit('sys/kernel/shm_next_id'),
  file('config.gz', ({ kernel }) => configuration(kernel)),
];

export const FIXED: TextTree<Context> = textTree(ROWS);
