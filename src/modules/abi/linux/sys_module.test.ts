/** The module calls against a registry that answers when it is told to. */
import { beforeEach, expect, test } from 'vitest';
import { CAP_SYS_MODULE } from '../../../abi/linux/capability.ts';
import { EBUSY, ENOENT, ENOEXEC, EPERM } from '../../../abi/linux/errno.ts';
import { WAIT } from '../../../contracts/kernel.ts';
import { addProcess, createFakeGuest, type FakeGuest, run } from '../../../testing/fake-guest.ts';
import { moduleCalls } from './sys_module.ts';

const IMAGE = 0x20000;
const TEXT = 0x21000;
const TID = 5;
const TICKET = 40;

let guest: FakeGuest;
let outcome: number | null;
let event: number;
let asked: string[];
let capable: boolean;

beforeEach(() => {
  outcome = null;
  asked = [];
  capable = true;
  guest = createFakeGuest({
    modules: {
      load(image: Uint8Array, parameters: string): number {
        asked.push(`load ${String.fromCharCode(...image)} ${parameters}`);
        return TICKET;
      },
      unload(name: string): number {
        asked.push(`unload ${name}`);
        return name === 'busy' ? -EBUSY : TICKET;
      },
      event: () => event,
      outcome: () => outcome,
    },
  });
  event = guest.waits.newEvent();
  addProcess(guest, TID, TID, TID);
  guest.kernel.process.capable = (_tid, capability) => capable && capability === CAP_SYS_MODULE;
  guest.kernel.user.string = (_tid, va) => {
    const end = guest.memory.indexOf(0, va);
    return String.fromCharCode(...guest.memory.subarray(va, end));
  };
});

function put(va: number, text: string): void {
  for (let i = 0; i < text.length; i++) guest.memory[va + i] = text.charCodeAt(i);
  guest.memory[va + text.length] = 0;
}

function call(name: string, a: number, b = 0, c = 0): number {
  const row = moduleCalls.find((each) => each.name === name);
  return run(guest, TID, () => row?.run(guest.kernel, TID, a, b, c, 0, 0, 0) ?? 0);
}

test('init_module asks once and waits for the outcome, which no signal breaks off', () => {
  put(IMAGE, 'code');
  put(TEXT, 'x=1');
  expect(call('init_module', IMAGE, 4, TEXT)).toBe(WAIT);
  guest.waits.notify(TID);
  expect(guest.waits.ready(TID)).toBeNull();
  expect(guest.waits.wake(event, 1)).toBe(1);
  outcome = -ENOEXEC;
  expect(call('init_module', IMAGE, 4, TEXT)).toBe(-ENOEXEC);
  expect(asked).toEqual(['load code x=1']);
});

test('delete_module takes `_` for `-`', () => {
  put(TEXT, 'round_robin');
  outcome = 0;
  expect(call('delete_module', TEXT)).toBe(0);
  put(TEXT, 'busy');
  expect(call('delete_module', TEXT)).toBe(-EBUSY);
  put(TEXT, '');
  expect(call('delete_module', TEXT)).toBe(-ENOENT);
  expect(asked).toEqual(['unload round-robin', 'unload busy']);
});

test('all need CAP_SYS_MODULE, and an image', () => {
  expect(call('init_module', IMAGE, 0, TEXT)).toBe(-ENOEXEC);
  capable = false;
  for (const name of ['init_module', 'finit_module', 'delete_module'])
    expect(call(name, IMAGE, 1, TEXT)).toBe(-EPERM);
  expect(asked).toEqual([]);
});
