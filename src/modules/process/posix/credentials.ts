/**
 * Credentials: who may signal whom, and which capabilities a process has. Source: credentials(7), capabilities(7), kill(2).
 */
import { CAP_KILL } from '../../../abi/linux/capability.ts';
import { SIGCONT } from '../../../abi/linux/signal.ts';
import type { Credentials } from '../../../contracts/process.ts';
import { groupOf, type Self } from './self.ts';

/** Is the capability in the effective set? */
export function capableOf(credentials: Credentials, capability: number): boolean {
  const word = capability < 32 ? credentials.effectiveLow : credentials.effectiveHigh;
  return ((word >>> (capability & 31)) & 1) !== 0;
}

export function maySignal(self: Self, tid: number, tgid: number, signal: number): boolean {
  const from = groupOf(self, tid);
  const to = self.state.groups.get(tgid);
  if (to === undefined) return false;
  if (from === to) return true;
  const mine = from.credentials;
  const theirs = to.credentials;
  if (mine.euid === theirs.suid || mine.euid === theirs.uid) return true;
  if (mine.uid === theirs.suid || mine.uid === theirs.uid) return true;
  if (capableOf(mine, CAP_KILL)) return true;
  return signal === SIGCONT && from.sid === to.sid;
}

/** Field by field, so that every write to the state is an assignment. */
export function assignCredentials(to: Credentials, from: Credentials): void {
  to.uid = from.uid;
  to.euid = from.euid;
  to.suid = from.suid;
  to.fsuid = from.fsuid;
  to.gid = from.gid;
  to.egid = from.egid;
  to.sgid = from.sgid;
  to.fsgid = from.fsgid;
  to.groups = from.groups.slice();
  to.effectiveLow = from.effectiveLow;
  to.effectiveHigh = from.effectiveHigh;
  to.permittedLow = from.permittedLow;
  to.permittedHigh = from.permittedHigh;
  to.inheritableLow = from.inheritableLow;
  to.inheritableHigh = from.inheritableHigh;
}

export function setCredentials(self: Self, tid: number, credentials: Credentials): void {
  assignCredentials(groupOf(self, tid).credentials, credentials);
}
