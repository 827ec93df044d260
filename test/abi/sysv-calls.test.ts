/** Settings and ids of System V IPC against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('sysv-calls', ['ipc=basic', 'filesystem=proc', 'abi=linux'], 'host');
