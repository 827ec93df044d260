/** futex(2) against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('futex-calls', ['ipc=basic', 'process=posix', 'abi=linux', 'clock=tick', 'scheduler=time-sharing']);
