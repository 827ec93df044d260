/** Priority inheritance, and waiters moved to words that are owned, against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('futex-owner-calls', ['ipc=direct', 'process=posix', 'scheduler=fair', 'abi=linux'], 'host', {
  ipc: 'direct',
  scheduler: 'fair',
});
