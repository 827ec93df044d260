/**
 * siginfo_t in user memory and back. Source: sigaction(2), "The siginfo_t argument".
 */
import {
  POLL_HUP,
  SIGCHLD,
  SIGINFO_ADDRESS,
  SIGINFO_BAND,
  SIGINFO_CODE,
  SIGINFO_FD,
  SIGINFO_PID,
  SIGINFO_SIGNO,
  SIGINFO_SIZE,
  SIGINFO_STATUS,
  SIGINFO_UID,
  SIGINFO_VALUE,
  SYNCHRONOUS,
  lowBit,
} from '../../../abi/linux/signal.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createSignalInfo, type SignalInfo } from '../../../contracts/process.ts';
import { get64, put64 } from './usage.ts';

/** @param at where in `data` */
export function putInfo(data: DataView, at: number, info: Readonly<SignalInfo>): void {
  for (let i = 0; i < SIGINFO_SIZE; i += 4) data.setUint32(at + i, 0, true);
  data.setInt32(at + SIGINFO_SIGNO, info.signal, true);
  data.setInt32(at + SIGINFO_CODE, info.code, true);
  if (info.code > 0 && (lowBit(info.signal) & SYNCHRONOUS) !== 0) {
    put64(data, at + SIGINFO_ADDRESS, info.address);
    return;
  }
  if (info.code > 0 && info.code <= POLL_HUP && info.signal !== SIGCHLD) {
    put64(data, at + SIGINFO_BAND, info.address);
    data.setInt32(at + SIGINFO_FD, info.value, true);
    return;
  }
  data.setInt32(at + SIGINFO_PID, info.pid, true);
  data.setUint32(at + SIGINFO_UID, info.uid, true);
  if (info.signal === SIGCHLD && info.code > 0) data.setInt32(at + SIGINFO_STATUS, info.status, true);
  else put64(data, at + SIGINFO_VALUE, info.value);
}

/** @returns 0, -EFAULT or WAIT */
export function writeInfo(kernel: Kernel, tid: number, va: number, info: Readonly<SignalInfo>): number {
  putInfo(kernel.user.record, 0, info);
  return kernel.user.writeRecord(tid, va, SIGINFO_SIZE);
}

/** What rt_sigqueueinfo(2) is given. A value beyond 2^53 keeps its low 32 bits, which is all that sigqueue(3)'s int has. */
export function takeInfo(bytes: Uint8Array): SignalInfo {
  const data = new DataView(bytes.buffer, bytes.byteOffset);
  const info = createSignalInfo();
  info.code = data.getInt32(SIGINFO_CODE, true);
  info.pid = data.getInt32(SIGINFO_PID, true);
  info.uid = data.getUint32(SIGINFO_UID, true);
  const value = get64(data, SIGINFO_VALUE);
  info.value = Math.abs(value) === Number.MAX_SAFE_INTEGER ? data.getInt32(SIGINFO_VALUE, true) : value;
  return info;
}

/** Who sends by kill(2) and the like. */
export function senderInfo(signal: number, code: number, pid: number, uid: number): SignalInfo {
  const info = createSignalInfo();
  info.signal = signal;
  info.code = code;
  info.pid = pid;
  info.uid = uid;
  return info;
}
