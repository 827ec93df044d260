/**
 * A module of slot `ipc` under test, over a kernel with nothing behind it.
 */
import type { Ipc } from '../contracts/ipc.ts';
import type { Module } from '../contracts/module.ts';
import { Subject } from './check.ts';
import { createFakeGuest, type FakeGuest } from './fake-guest.ts';

export interface IpcWorld<State> {
  readonly guest: FakeGuest;
  readonly subject: Subject<Ipc, State>;
  /** Of the instance that is there now. */
  readonly ipc: Ipc;
}

export function ipcWorld<State>(module: Module<Ipc, State>): IpcWorld<State> {
  const guest = createFakeGuest();
  const subject = new Subject(module, guest.kernel);
  return {
    guest,
    subject,
    get ipc(): Ipc {
      return subject.operations;
    },
  };
}
