/** POSIX message queues against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('mqueue-calls', ['ipc=basic', 'vfs=dentry', 'net=loopback', 'process=posix', 'abi=linux'], 'host');
