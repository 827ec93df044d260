/** What /proc says of the memory of a process. */
import { calls } from './calls.ts';

calls('usage-calls', ['vm=cow', 'vm=paging', 'filesystem=proc', 'vfs=dentry', 'ipc=basic'], true);
