/**
 * What may be written below /proc: settings under sys, and a process's comm and oom_score_adj.
 *
 * A setting keeps what was written and changes nothing else, but for the host name and the limits of ipc. Source: proc_sys(5), proc_pid_comm(5),
 * proc_pid_oom_score_adj(5).
 */
import { EACCES, EINVAL, EPERM } from '../../../abi/linux/errno.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { TextNode } from '../../../lib/text-tree.ts';
import type { Context } from './fixed.ts';
import { isIpcLimit, storeIpcLimit } from './ipc-limits.ts';
import type { ProcState } from './state.ts';
import { mayInspect, type Subject } from './subject.ts';

const COMM_LENGTH = 15;
const HOST_NAME_LENGTH = 64;
const OOM_LIMIT = 1000;
/** Most bytes that a setting keeps. */
const SETTING_LENGTH = 256;

const firstLine = (text: string): string => text.split('\n', 1)[0] as string;

/** The mode bits were checked by vfs at the opening. */
export function storeSetting(
  state: ProcState,
  kernel: Kernel,
  node: TextNode<Context>,
  text: string,
): number {
  if ((node.mode & 0o200) === 0) return -EACCES;
  const line = firstLine(text);
  if (line.length > SETTING_LENGTH) return -EINVAL;
  const path = node.row?.path ?? '';
  if (isIpcLimit(path)) return storeIpcLimit(kernel, path, line);
  if (path === 'sys/kernel/hostname') kernel.settings.hostname = line.slice(0, HOST_NAME_LENGTH);
  else state.settings.set(node.ino, `${line}\n`);
  return 0;
}

/** Forget processes that are gone. */
function tidy({ state, kernel }: Subject): void {
  for (const tgid of [...state.oomAdjustments.keys()]) {
    if (kernel.process.findGroup(tgid) === null) state.oomAdjustments.delete(tgid);
  }
}

export function storeProcess(subject: Subject, tid: number, name: string, text: string): number {
  const line = firstLine(text);
  if (!mayInspect(subject, tid)) return -EACCES;
  switch (name) {
    case 'comm':
      subject.thread.name = line.slice(0, COMM_LENGTH);
      return 0;
    case 'oom_score_adj': {
      const value = Number(line);
      if (line.trim() === '' || !Number.isInteger(value) || Math.abs(value) > OOM_LIMIT) return -EINVAL;
      tidy(subject);
      subject.state.oomAdjustments.set(subject.group.tgid, value);
      return 0;
    }
    // Accepted, as they have nothing to govern here.
    case 'coredump_filter':
    case 'loginuid':
    case 'setgroups':
    case 'uid_map':
    case 'gid_map':
      return 0;
    default:
      return -EPERM;
  }
}
