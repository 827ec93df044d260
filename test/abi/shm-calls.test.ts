/** System V shared memory. */
import { calls } from './calls.ts';

calls(
  'shm-calls',
  ['ipc=basic', 'ipc=direct', 'vm=cow', 'vm=paging', 'abi=linux', 'process=posix', 'pagecache=demand'],
  'host',
);
