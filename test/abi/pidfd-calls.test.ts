/** Descriptors that stand for processes against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('pidfd-calls', ['process=posix', 'vfs=dentry', 'abi=linux']);
