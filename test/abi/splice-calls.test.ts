/** The calls that move bytes through pipes against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('splice-calls', ['ipc=basic', 'vfs=dentry', 'abi=linux'], 'host');
calls('splice-calls', ['ipc=direct'], 'host', { ipc: 'direct' });
