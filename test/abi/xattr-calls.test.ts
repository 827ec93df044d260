/** Extended attributes, and fallocate's errors, against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('xattr-calls', ['vfs=dentry', 'filesystem=ram', 'abi=linux']);
