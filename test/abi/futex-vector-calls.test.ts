/** futex_waitv(2) and its kin against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('futex-vector-calls', ['ipc=basic', 'abi=linux'], 'host');
