/** Urgent data, interfaces and netlink against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('net-calls', ['net=loopback', 'vfs=dentry', 'abi=linux']);
