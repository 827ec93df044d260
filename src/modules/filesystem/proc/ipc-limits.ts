/**
 * Limits of System V IPC and of POSIX message queues below /proc/sys, which the module in slot `ipc` keeps.
 *
 * Source: proc_sys_kernel(5) (sem, msgmax, msgmnb, msgmni), mq_overview(7).
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { HARD_MSGMAX, HARD_MSGSIZEMAX, LEAST_MSGSIZEMAX } from '../../../abi/linux/mqueue.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createMessageLimits, type MessageLimits } from '../../../contracts/message-queues.ts';
import { createQueueLimits, namedQueuesOf, type QueueLimits } from '../../../contracts/named-queues.ts';
import { createSemaphoreLimits } from '../../../contracts/semaphores.ts';

/** A file of whole numbers. */
interface Limit {
  readonly least: number;
  readonly most: number;
  read(kernel: Kernel): readonly number[];
  /** As many as `read` gives. */
  store(kernel: Kernel, values: readonly number[]): void;
}

const INT_MAX = 0x7fffffff;
const MOST_OBJECTS = 32768;

const queues = (field: keyof QueueLimits, least: number, most: number): Limit => ({
  least,
  most,
  read: (kernel) => [(namedQueuesOf(kernel)?.queueLimits() ?? createQueueLimits())[field]],
  store(kernel, [value = least]) {
    const operations = namedQueuesOf(kernel);
    operations?.setQueueLimits({ ...operations.queueLimits(), [field]: value });
  },
});
const messages = (field: keyof MessageLimits, most: number): Limit => ({
  least: 0,
  most,
  read: ({ ipc }) => [(ipc.messageLimits?.() ?? createMessageLimits())[field]],
  store({ ipc }, [value = 0]) {
    ipc.setMessageLimits?.({ ...(ipc.messageLimits?.() ?? createMessageLimits()), [field]: value });
  },
});
const semaphores: Limit = {
  least: 0,
  most: INT_MAX,
  read({ ipc }) {
    const { perSet, all, operations, sets } = ipc.semaphoreLimits?.() ?? createSemaphoreLimits();
    return [perSet, all, operations, sets];
  },
  store({ ipc }, [perSet = 0, all = 0, operations = 0, sets = 0]) {
    ipc.setSemaphoreLimits?.({ perSet, all, operations, sets: Math.min(sets, MOST_OBJECTS) });
  },
};

const LIMITS: ReadonlyMap<string, Limit> = new Map<string, Limit>([
  ['sys/kernel/sem', semaphores],
  ['sys/kernel/msgmax', messages('message', INT_MAX)],
  ['sys/kernel/msgmnb', messages('queue', INT_MAX)],
  ['sys/kernel/msgmni', messages('queues', MOST_OBJECTS)],
  ['sys/fs/mqueue/queues_max', queues('queues', 0, INT_MAX)],
  ['sys/fs/mqueue/msg_max', queues('messages', 1, HARD_MSGMAX)],
  ['sys/fs/mqueue/msgsize_max', queues('bytes', LEAST_MSGSIZEMAX, HARD_MSGSIZEMAX)],
  ['sys/fs/mqueue/msg_default', queues('usualMessages', 1, HARD_MSGMAX)],
  ['sys/fs/mqueue/msgsize_default', queues('usualBytes', LEAST_MSGSIZEMAX, HARD_MSGSIZEMAX)],
]);

export const isIpcLimit = (path: string): boolean => LIMITS.has(path);

export const ipcLimitText = (kernel: Kernel, path: string): string =>
  `${LIMITS.get(path)?.read(kernel).join('\t') ?? ''}\n`;

/** @returns 0 or -EINVAL. Numbers that are not there stay as they are, as sysctls of several have it. */
export function storeIpcLimit(kernel: Kernel, path: string, line: string): number {
  const limit = LIMITS.get(path);
  const words = line.trim().split(/\s+/);
  if (limit === undefined || line.trim() === '') return -EINVAL;
  const values = limit.read(kernel).map((value, i) => (words[i] === undefined ? value : Number(words[i])));
  if (values.some((value) => !Number.isInteger(value) || value < limit.least || value > limit.most))
    return -EINVAL;
  limit.store(kernel, values);
  return 0;
}
