/** What /proc says of the memory of a process. */
import { calls } from './calls.ts';

calls('usage-calls', ['vm=paging', 'filesystem=proc'], 'host');
