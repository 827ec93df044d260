/** System V semaphores against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('semaphore-calls', ['ipc=basic', 'process=posix', 'abi=linux', 'clock=tick']);
