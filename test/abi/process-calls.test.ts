/** Waiting, getrusage, prctl and their like against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('process-calls', ['process=posix', 'scheduler=time-sharing', 'abi=linux']);
