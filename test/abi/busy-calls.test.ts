/** Busy programs, sleep by CPU time and the holes of mapped files against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('busy-calls', ['vfs=dentry', 'vm=cow', 'process=posix', 'filesystem=proc'], 'host');
