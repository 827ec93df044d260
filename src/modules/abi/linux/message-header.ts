/**
 * struct msghdr of sendmsg(2) and recvmsg(2): reading it, and writing what came beside the bytes.
 */
import { EINVAL, EMSGSIZE } from '../../../abi/linux/errno.ts';
import * as S from '../../../abi/linux/socket.ts';
import { UIO_MAXIOV } from '../../../abi/linux/uio.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Message } from '../../../contracts/sockets.ts';
import { readVectors, type Vectors } from './buffers.ts';
import { giveControl } from './control-data.ts';
import { bytesOf } from './socket-address.ts';
import { get64, put64 } from './usage.ts';

/** Control data beyond this are not filled. */
const MOST_GIVEN = 4096;

/** A struct msghdr as read. */
export interface Header {
  readonly at: number;
  readonly name: number;
  readonly nameLength: number;
  readonly vectors: Vectors;
  readonly control: number;
  readonly controlLength: number;
}

const pointer = (data: DataView, at: number): number =>
  data.getUint32(at, true) + data.getUint32(at + 4, true) * 0x1_0000_0000;

/** @returns it, -EINVAL, -EMSGSIZE, -EFAULT or WAIT */
export function readHeader(kernel: Kernel, tid: number, at: number): Header | number {
  const bytes = new Uint8Array(S.MSGHDR_SIZE);
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  const data = new DataView(bytes.buffer);
  const name = pointer(data, S.MSGHDR_NAME);
  const nameLength = name === 0 ? 0 : data.getInt32(S.MSGHDR_NAMELEN, true);
  if (nameLength < 0) return -EINVAL;
  const count = get64(data, S.MSGHDR_IOVLEN);
  if (count < 0 || count > UIO_MAXIOV) return -EMSGSIZE;
  const vectors = readVectors(kernel, tid, pointer(data, S.MSGHDR_IOV), count);
  if (typeof vectors === 'number') return vectors;
  const control = pointer(data, S.MSGHDR_CONTROL);
  return {
    at,
    name,
    nameLength: Math.min(nameLength, S.SOCKADDR_STORAGE_SIZE),
    vectors,
    control,
    controlLength: control === 0 ? 0 : pointer(data, S.MSGHDR_CONTROLLEN),
  };
}

/** Is what will be told of a message writable? @returns 0, -EFAULT or WAIT */
export function checkWritable(kernel: Kernel, tid: number, header: Header): number {
  const { user } = kernel;
  let error = user.spans(tid, header.at, S.MSGHDR_SIZE, true, user.scratch2);
  if (error === 0 && header.nameLength > 0)
    error = user.spans(tid, header.name, header.nameLength, true, user.scratch2);
  const room = Math.min(header.controlLength, MOST_GIVEN);
  if (error === 0 && room > 0) error = user.spans(tid, header.control, room, true, user.scratch2);
  return error;
}

/** Write what came beside the bytes. Pre: `checkWritable`. */
export function tell(kernel: Kernel, tid: number, header: Header, flags: number, message: Message): number {
  const { user } = kernel;
  const room = Math.min(header.controlLength, MOST_GIVEN);
  const control = giveControl(kernel, tid, room, flags, message);
  const name = bytesOf(message.address).subarray(0, header.nameLength);
  let error = name.length === 0 ? 0 : user.write(tid, header.name, name);
  if (error === 0 && control.length > 0) error = user.write(tid, header.control, control);
  const sizes = new Uint8Array(S.MSGHDR_FLAGS + 4 - S.MSGHDR_CONTROLLEN);
  const data = new DataView(sizes.buffer);
  put64(data, 0, control.length);
  data.setInt32(8, message.flags | (flags & S.MSG_CMSG_CLOEXEC), true);
  if (error === 0) error = user.write(tid, header.at + S.MSGHDR_CONTROLLEN, sizes);
  if (error === 0 && header.name !== 0)
    error = user.writeU32(tid, header.at + S.MSGHDR_NAMELEN, message.address.length);
  return error;
}
