/**
 * /proc/sys/fs/mqueue: the limits of message queues, which the module in slot `ipc` keeps. Source: mq_overview(7).
 */
import { EINVAL } from '../../../abi/linux/errno.ts';
import { HARD_MSGMAX, HARD_MSGSIZEMAX, LEAST_MSGSIZEMAX } from '../../../abi/linux/mqueue.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createQueueLimits, namedQueuesOf, type QueueLimits } from '../../../contracts/named-queues.ts';

export const QUEUE_LIMITS = 'sys/fs/mqueue/';

interface Range {
  readonly field: keyof QueueLimits;
  readonly least: number;
  readonly most: number;
}

const LIMITS: ReadonlyMap<string, Range> = new Map<string, Range>([
  ['queues_max', { field: 'queues', least: 0, most: 0x7fffffff }],
  ['msg_max', { field: 'messages', least: 1, most: HARD_MSGMAX }],
  ['msgsize_max', { field: 'bytes', least: LEAST_MSGSIZEMAX, most: HARD_MSGSIZEMAX }],
  ['msg_default', { field: 'usualMessages', least: 1, most: HARD_MSGMAX }],
  ['msgsize_default', { field: 'usualBytes', least: LEAST_MSGSIZEMAX, most: HARD_MSGSIZEMAX }],
]);

export function queueLimitText(kernel: Kernel, name: string): string {
  const range = LIMITS.get(name);
  const limits = namedQueuesOf(kernel)?.queueLimits() ?? createQueueLimits();
  return range === undefined ? '' : `${limits[range.field]}\n`;
}

/** @returns 0 or -EINVAL */
export function storeQueueLimit(kernel: Kernel, name: string, line: string): number {
  const range = LIMITS.get(name);
  const queues = namedQueuesOf(kernel);
  const value = Number(line.trim());
  if (range === undefined || queues === null || line.trim() === '') return -EINVAL;
  if (!Number.isInteger(value) || value < range.least || value > range.most) return -EINVAL;
  queues.setQueueLimits({ ...queues.queueLimits(), [range.field]: value });
  return 0;
}
