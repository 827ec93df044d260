/** F_CREATED_QUERY and the tables of mounts against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('table-calls', ['vfs=dentry', 'filesystem=proc', 'ipc=basic', 'abi=linux'], 'host');
