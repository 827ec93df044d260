/** Signal-driven I/O against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('driven-calls', ['vfs=dentry', 'ipc=direct', 'net=loopback', 'process=posix', 'abi=linux'], 'host');
