/**
 * The state of a socket by the names of TCP: where its stage is that of a connection, or of none.
 */
import {
  SOCK_DGRAM,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT2,
  TCP_LISTEN,
  TCP_SYN_SENT,
} from '../../abi/linux/socket.ts';
import type { Socket } from '../../contracts/sockets.ts';

export function tcpState({ type, stage, receiveShut, sendShut }: Readonly<Socket>): number {
  if (stage === 'listening') return TCP_LISTEN;
  if (stage === 'connecting') return TCP_SYN_SENT;
  if (stage !== 'connected') return TCP_CLOSE;
  if (type === SOCK_DGRAM || receiveShut === sendShut) return TCP_ESTABLISHED;
  return receiveShut ? TCP_CLOSE_WAIT : TCP_FIN_WAIT2;
}
