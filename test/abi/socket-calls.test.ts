/** Sockets of AF_UNIX, AF_INET and AF_INET6 against what Linux answers to the same program. */
import { calls } from './calls.ts';

calls('socket-calls', [
  'ipc=basic',
  'net=loopback',
  'vfs=dentry',
  'clock=tick',
  'abi=linux',
  'process=posix',
]);
