/** Pipes of packets against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('packet-calls', ['ipc=basic', 'vfs=dentry'], 'host');
