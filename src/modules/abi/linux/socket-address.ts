/**
 * Descriptors as sockets, and addresses in user memory.
 *
 * An address is the byte string of its sockaddr; which slot serves a socket is told by the kind of its file.
 */
import { EINVAL, ENOTSOCK } from '../../../abi/linux/errno.ts';
import { O_NONBLOCK } from '../../../abi/linux/fcntl.ts';
import { SOCKADDR_STORAGE_SIZE } from '../../../abi/linux/socket.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import type { Sockets } from '../../../contracts/sockets.ts';
import type { OpenFile } from '../../../contracts/vfs.ts';
import { usableFile } from './at.ts';

/** A descriptor's socket: who serves it, its id there, and its file. */
export interface SocketFile {
  readonly sockets: Sockets;
  readonly id: number;
  readonly file: OpenFile;
}

/** @returns it, -EBADF or -ENOTSOCK */
export function socketOf(kernel: Kernel, tid: number, fd: number): SocketFile | number {
  const file = usableFile(kernel, tid, fd);
  if (typeof file === 'number') return file;
  if (file.kind === 'unix-socket') return { sockets: kernel.ipc, id: file.object, file };
  return file.kind === 'inet-socket' ? { sockets: kernel.net, id: file.object, file } : -ENOTSOCK;
}

export const isNonBlocking = ({ file }: SocketFile): boolean => (file.flags & O_NONBLOCK) !== 0;

/** Bytes as a byte string, and back. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** @param length as the caller gives it @returns the address, -EINVAL, -EFAULT or WAIT */
export function readAddress(kernel: Kernel, tid: number, at: number, length: number): string | number {
  if (length < 0 || length > SOCKADDR_STORAGE_SIZE) return -EINVAL;
  const bytes = new Uint8Array(length);
  const error = length === 0 ? 0 : kernel.user.read(tid, at, bytes);
  return error === 0 ? textOf(bytes) : error;
}

/**
 * Room for an address at `at`, whose size is at `lengthAt`. Looks at both, so that `writeAddress` can not wait.
 * @returns the room, -EINVAL, -EFAULT or WAIT
 */
export function addressRoom(kernel: Kernel, tid: number, at: number, lengthAt: number): number {
  const { user } = kernel;
  const error = user.readU32(tid, lengthAt);
  if (error !== 0) return error;
  const room = user.value | 0;
  if (room < 0) return -EINVAL;
  const writable = user.spans(tid, lengthAt, 4, true, user.scratch2);
  if (writable !== 0) return writable;
  const size = Math.min(room, SOCKADDR_STORAGE_SIZE);
  const there = size === 0 ? 0 : user.spans(tid, at, size, true, user.scratch2);
  return there === 0 ? room : there;
}

/** Write as much of an address as fits, and its whole length. @returns 0, -EFAULT or WAIT */
export function writeAddress(
  kernel: Kernel,
  tid: number,
  at: number,
  lengthAt: number,
  room: number,
  address: string,
): number {
  const bytes = bytesOf(address).subarray(0, room);
  const error = bytes.length === 0 ? 0 : kernel.user.write(tid, at, bytes);
  if (error !== 0) return error;
  return kernel.user.writeU32(tid, lengthAt, address.length);
}

/** True for what a handler passes up. */
export const failed = (result: number): boolean => result === WAIT || result < 0;
