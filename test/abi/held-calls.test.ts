/** Descriptors that are closed or replaced under a call that waits, against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('held-calls', ['process=posix', 'ipc=basic', 'abi=linux', 'vfs=dentry'], 'host');
