/** The small print of mmap, mremap, madvise, msync, mincore, mlock, brk and their kin. */
import { calls } from './calls.ts';

calls('map-calls', ['vm=cow', 'vm=paging', 'abi=linux', 'pmap=sv39'], 'host');
