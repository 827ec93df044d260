/** System V message queues against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('queue-calls', ['ipc=basic', 'abi=linux', 'clock=tick']);
