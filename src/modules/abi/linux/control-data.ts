/**
 * Control data of sendmsg(2) and recvmsg(2): descriptors and credentials (cmsg(3), unix(7)).
 */
import { EBADF, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../../abi/linux/capability.ts';
import {
  CMSG_DATA,
  CMSG_LEN,
  CMSG_LEVEL,
  CMSG_TYPE,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_MAX_FD,
  SCM_RIGHTS,
  SOL_SOCKET,
  UCRED_SIZE,
} from '../../../abi/linux/socket.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Message } from '../../../contracts/sockets.ts';
import { usableFile } from './at.ts';

/** Offsets of what follows are multiples of this. */
const align = (length: number): number => Math.ceil(length / 8) * 8;

function takeRights(
  kernel: Kernel,
  tid: number,
  data: DataView,
  at: number,
  end: number,
  message: Message,
): number {
  const count = Math.floor((end - at) / 4);
  if (message.files.length + count > SCM_MAX_FD) return -EINVAL;
  for (let i = 0; i < count; i++) {
    const file = usableFile(kernel, tid, data.getInt32(at + 4 * i, true));
    if (typeof file === 'number') return -EBADF;
    message.files.push(file.id);
  }
  return 0;
}

/** Whoever is not privileged may say only what is true. */
function takeCredentials(kernel: Kernel, tid: number, data: DataView, at: number, message: Message): number {
  const pid = data.getInt32(at, true);
  const uid = data.getInt32(at + 4, true);
  const gid = data.getInt32(at + 8, true);
  const own = kernel.process.credentials(tid);
  const { tgid } = kernel.process.thread(tid);
  const capable = (capability: number): boolean => kernel.process.capable(tid, capability);
  const pidOk = pid === tgid || capable(CAP_SYS_ADMIN);
  const uidOk = uid === own.uid || uid === own.euid || uid === own.suid || capable(CAP_SETUID);
  const gidOk = gid === own.gid || gid === own.egid || gid === own.sgid || capable(CAP_SETGID);
  if (!pidOk || !uidOk || !gidOk) return -EPERM;
  message.credentials = true;
  message.pid = pid;
  message.uid = uid;
  message.gid = gid;
  return 0;
}

/** @returns 0, -EINVAL, -EBADF or -EPERM */
export function readControl(kernel: Kernel, tid: number, control: Uint8Array, message: Message): number {
  const data = new DataView(control.buffer, control.byteOffset, control.byteLength);
  for (let at = 0; at + CMSG_DATA <= control.length; ) {
    const length = data.getUint32(at + CMSG_LEN, true);
    if (length < CMSG_DATA || at + length > control.length) return -EINVAL;
    const type = data.getInt32(at + CMSG_TYPE, true);
    let error = -EINVAL;
    if (data.getInt32(at + CMSG_LEVEL, true) !== SOL_SOCKET) error = 0;
    else if (type === SCM_RIGHTS) error = takeRights(kernel, tid, data, at + CMSG_DATA, at + length, message);
    else if (type === SCM_CREDENTIALS && length === CMSG_DATA + UCRED_SIZE)
      error = takeCredentials(kernel, tid, data, at + CMSG_DATA, message);
    if (error !== 0) return error;
    at += align(length);
  }
  return 0;
}

function header(data: DataView, at: number, length: number, type: number): void {
  data.setUint32(at + CMSG_LEN, length, true);
  data.setUint32(at + CMSG_LEVEL, SOL_SOCKET, true);
  data.setUint32(at + CMSG_TYPE, type, true);
}

/**
 * What came with a message, as far as it fits: files get descriptors, or are let go. Sets MSG_CTRUNC in `message.flags`.
 * @returns the bytes
 */
export function giveControl(
  kernel: Kernel,
  tid: number,
  room: number,
  flags: number,
  message: Message,
): Uint8Array {
  const control = new Uint8Array(room);
  const data = new DataView(control.buffer);
  let at = 0;
  if (message.credentials) {
    const length = CMSG_DATA + UCRED_SIZE;
    if (room < length) {
      message.flags |= MSG_CTRUNC;
    } else {
      header(data, 0, length, SCM_CREDENTIALS);
      data.setInt32(CMSG_DATA, message.pid, true);
      data.setInt32(CMSG_DATA + 4, message.uid, true);
      data.setInt32(CMSG_DATA + 8, message.gid, true);
      at = Math.min(align(length), room);
    }
  }
  if (message.files.length === 0) return control.subarray(0, at);
  const fits = Math.max(0, Math.floor((room - at - CMSG_DATA) / 4));
  let given = 0;
  for (const file of message.files) {
    const fd = given < fits ? kernel.process.install(tid, file, 0, (flags & MSG_CMSG_CLOEXEC) !== 0) : -1;
    if (fd < 0) break;
    data.setInt32(at + CMSG_DATA + 4 * given, fd, true);
    given++;
  }
  if (given < message.files.length) message.flags |= MSG_CTRUNC;
  for (const file of message.files.slice(given)) kernel.vfs.release(file, 0);
  if (given === 0) return control.subarray(0, at);
  const length = CMSG_DATA + 4 * given;
  header(data, at, length, SCM_RIGHTS);
  return control.subarray(0, Math.min(at + align(length), room));
}
