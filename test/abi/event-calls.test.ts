/** eventfd, timerfd, signalfd and epoll against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('event-calls', ['ipc=basic', 'vfs=dentry', 'clock=tick', 'abi=linux']);
