/**
 * Limits of System V IPC and of POSIX message queues below /proc/sys, which the module in slot `ipc` keeps.
 *
 * Source: proc_sys_kernel(5) (sem, msg*, shm*), mq_overview(7).
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { HARD_MSGMAX, HARD_MSGSIZEMAX, LEAST_MSGSIZEMAX } from '../../../abi/linux/mqueue.ts';
import { IPCMNI } from '../../../abi/linux/sysv.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createMessageLimits, type MessageLimits } from '../../../contracts/message-queues.ts';
import { createQueueLimits, namedQueuesOf, type QueueLimits } from '../../../contracts/named-queues.ts';
import { createSegmentLimits, type SegmentLimits } from '../../../contracts/segments.ts';
import { createSemaphoreLimits, type SemaphoreLimits } from '../../../contracts/semaphores.ts';

/** A file of whole numbers. */
interface Limit {
  readonly least: number;
  readonly most: number;
  read(kernel: Kernel): readonly number[];
  /** As many as `read` gives. */
  store(kernel: Kernel, values: readonly number[]): void;
}

/** A file of one number of 64 bits, kept in decimal. */
interface WideLimit {
  readText(kernel: Kernel): string;
  storeText(kernel: Kernel, value: string): void;
}

const INT_MAX = 0x7fffffff;
/** 2^64 - 1. */
const WIDEST = 0xffff_ffff_ffff_ffffn;

const queues = (field: keyof QueueLimits, least: number, most: number): Limit => ({
  least,
  most,
  read: (kernel) => [(namedQueuesOf(kernel)?.queueLimits() ?? createQueueLimits())[field]],
  store(kernel, [value = least]) {
    const operations = namedQueuesOf(kernel);
    operations?.setQueueLimits({ ...operations.queueLimits(), [field]: value });
  },
});
const messages = (field: keyof MessageLimits, most: number, least = 0): Limit => ({
  least,
  most,
  read: ({ ipc }) => [(ipc.messageLimits?.() ?? createMessageLimits())[field]],
  store({ ipc }, [value = 0]) {
    ipc.setMessageLimits?.({ ...(ipc.messageLimits?.() ?? createMessageLimits()), [field]: value });
  },
});
const semaphoreLimits = ({ ipc }: Kernel): Readonly<SemaphoreLimits> =>
  ipc.semaphoreLimits?.() ?? createSemaphoreLimits();
const semaphores: Limit = {
  least: 0,
  most: INT_MAX,
  read(kernel) {
    const { perSet, all, operations, sets } = semaphoreLimits(kernel);
    return [perSet, all, operations, sets];
  },
  store(kernel, [perSet = 0, all = 0, operations = 0, sets = 0]) {
    const { nextId } = semaphoreLimits(kernel);
    kernel.ipc.setSemaphoreLimits?.({ perSet, all, operations, sets: Math.min(sets, IPCMNI), nextId });
  },
};
const nextSemaphores: Limit = {
  least: -1,
  most: INT_MAX,
  read: (kernel) => [semaphoreLimits(kernel).nextId],
  store: (kernel, [nextId = -1]) => kernel.ipc.setSemaphoreLimits?.({ ...semaphoreLimits(kernel), nextId }),
};
const segmentLimits = ({ ipc }: Kernel): Readonly<SegmentLimits> =>
  ipc.segmentLimits?.() ?? createSegmentLimits();
const segments = (field: 'segments' | 'nextId', least: number, most: number): Limit => ({
  least,
  most,
  read: (kernel) => [segmentLimits(kernel)[field]],
  store: (kernel, [value = least]) =>
    kernel.ipc.setSegmentLimits?.({ ...segmentLimits(kernel), [field]: value }),
});
const memory = (field: 'bytes' | 'pages'): WideLimit => ({
  readText: (kernel) => segmentLimits(kernel)[field],
  storeText: (kernel, value) => kernel.ipc.setSegmentLimits?.({ ...segmentLimits(kernel), [field]: value }),
});

const LIMITS: ReadonlyMap<string, Limit> = new Map<string, Limit>([
  ['sys/kernel/sem', semaphores],
  ['sys/kernel/msgmax', messages('message', INT_MAX)],
  ['sys/kernel/msgmnb', messages('queue', INT_MAX)],
  ['sys/kernel/msgmni', messages('queues', IPCMNI)],
  ['sys/kernel/msg_next_id', messages('nextId', INT_MAX, -1)],
  ['sys/kernel/sem_next_id', nextSemaphores],
  ['sys/kernel/shmmni', segments('segments', 0, IPCMNI)],
  ['sys/kernel/shm_next_id', segments('nextId', -1, INT_MAX)],
  ['sys/fs/mqueue/queues_max', queues('queues', 0, INT_MAX)],
  ['sys/fs/mqueue/msg_max', queues('messages', 1, HARD_MSGMAX)],
  ['sys/fs/mqueue/msgsize_max', queues('bytes', LEAST_MSGSIZEMAX, HARD_MSGSIZEMAX)],
  ['sys/fs/mqueue/msg_default', queues('usualMessages', 1, HARD_MSGMAX)],
  ['sys/fs/mqueue/msgsize_default', queues('usualBytes', LEAST_MSGSIZEMAX, HARD_MSGSIZEMAX)],
]);

const WIDE_LIMITS: ReadonlyMap<string, WideLimit> = new Map<string, WideLimit>([
  ['sys/kernel/shmmax', memory('bytes')],
  ['sys/kernel/shmall', memory('pages')],
]);

export const isIpcLimit = (path: string): boolean => LIMITS.has(path) || WIDE_LIMITS.has(path);

export const ipcLimitText = (kernel: Kernel, path: string): string =>
  `${WIDE_LIMITS.get(path)?.readText(kernel) ?? LIMITS.get(path)?.read(kernel).join('\t') ?? ''}\n`;

function storeWide(kernel: Kernel, limit: WideLimit, word: string): number {
  if (!/^[0-9]+$/.test(word)) return -EINVAL;
  const value = BigInt(word);
  if (value > WIDEST) return -EINVAL;
  limit.storeText(kernel, `${value}`);
  return 0;
}

/** @returns 0 or -EINVAL. Numbers that are not there stay as they are, as sysctls of several have it. */
export function storeIpcLimit(kernel: Kernel, path: string, line: string): number {
  const limit = LIMITS.get(path);
  const words = line.trim().split(/\s+/);
  const wide = WIDE_LIMITS.get(path);
  if (wide !== undefined) return storeWide(kernel, wide, words[0] ?? '');
  if (limit === undefined || line.trim() === '') return -EINVAL;
  const values = limit.read(kernel).map((value, i) => (words[i] === undefined ? value : Number(words[i])));
  if (values.some((value) => !Number.isInteger(value) || value < limit.least || value > limit.most))
    return -EINVAL;
  limit.store(kernel, values);
  return 0;
}
