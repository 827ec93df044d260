/**
 * /proc/net: the sockets that there are. Source: proc_pid_net(5).
 *
 * Who made a socket and the timers of a connection are not kept: those columns are zero.
 */
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../../abi/linux/socket.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { socketInode } from '../../../contracts/sockets.ts';
import { tcpState } from '../../../lib/socket/state.ts';

const INTERNET =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const UNIX = 'Num       RefCount Protocol Flags    Type St Inode Path\n';

const ACCEPTS = 0x10000;
const UNCONNECTED = 1;
const CONNECTED = 3;

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
const byte = (text: string, at: number): number => text.charCodeAt(at) & 255;

/** A sockaddr's host and port: the host as words of 32 bits in the machine's order. */
function place(address: string, family: number): string {
  const [from, count] = family === AF_INET ? [4, 4] : [8, 16];
  let host = '';
  for (let word = 0; word < count; word += 4) {
    for (let i = 3; i >= 0; i--) host += hex(address === '' ? 0 : byte(address, from + word + i), 2);
  }
  return `${host}:${hex(address === '' ? 0 : byte(address, 2) * 256 + byte(address, 3), 4)}`;
}

function table(kernel: Kernel, family: number, type: number): string {
  let text = INTERNET;
  let line = 0;
  for (const socket of kernel.net.sockets()) {
    if (socket.family !== family || socket.type !== type || socket.name === '') continue;
    const ends = `${place(socket.name, family)} ${place(socket.peerName, family)}`;
    const queues = `${hex(socket.charged, 8)}:${hex(socket.held, 8)}`;
    const tail = `00:00000000 00000000     0        0 ${socketInode(false, socket.id)}`;
    text += `${String(line++).padStart(4)}: ${ends} ${hex(tcpState(socket), 2)} ${queues} ${tail} 1 0 0\n`;
  }
  return text;
}

export const tcp = (kernel: Kernel): string => table(kernel, AF_INET, SOCK_STREAM);
export const tcp6 = (kernel: Kernel): string => table(kernel, AF_INET6, SOCK_STREAM);
export const udp = (kernel: Kernel): string => table(kernel, AF_INET, SOCK_DGRAM);
export const udp6 = (kernel: Kernel): string => table(kernel, AF_INET6, SOCK_DGRAM);

export function unix(kernel: Kernel): string {
  let text = UNIX;
  for (const { id, type, stage, name } of kernel.ipc.sockets()) {
    const flags = hex(stage === 'listening' ? ACCEPTS : 0, 8);
    const state = hex(stage === 'connected' ? CONNECTED : UNCONNECTED, 2);
    const inode = String(socketInode(true, id)).padStart(5);
    const path = name === '' ? '' : ` ${name.slice(2).replace(/\0$/, '').replaceAll('\0', '@')}`;
    text += `0000000000000000: 00000002 00000000 ${flags} ${hex(type, 4)} ${state} ${inode}${path}\n`;
  }
  return text;
}
