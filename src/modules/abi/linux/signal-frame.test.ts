import { describe, expect, it } from 'vitest';
import {
  FRAME_SIZE,
  FRAME_UCONTEXT,
  MC_FPREGS,
  MC_GREGS,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESTART,
  SIGINFO_CODE,
  SIGUSR1,
  UC_MCONTEXT,
  UC_SIGMASK,
} from '../../../abi/linux/signal.ts';
import { EINTR } from '../../../abi/linux/errno.ts';
import { RESTART_CLASSES } from '../../../contracts/abi.ts';
import { createSignalAction, createSignalInfo } from '../../../contracts/process.ts';
import { CONTEXT_SIZE, CTX_F, CTX_FCSR, CTX_RETIRED } from '../../../machine/layout.ts';
import { createFakeProcesses, type FakeProcesses, sent } from '../../../testing/fake-process.ts';
import { fakeRecords } from '../../../testing/fake-record.ts';
import { TRAMPOLINE } from './exec-image.ts';
import { A0, A1, A2, contextOf, pcOf, RA, register, setPc, setRegister, SP } from './registers.ts';
import { popFrame, pushFrame, setAltStack } from './signal-frame.ts';
import { signals } from './signals.ts';

const STACK = 0x8000;
const PC = 0x1000;
const HANDLER = 0x4000;
const MASK = 0b1010_0000;

/** One process whose registers hold a pattern. */
function boot(): { fake: FakeProcesses; pid: number; context: number } {
  const fake = createFakeProcesses();
  const { layout } = fake.kernel.machine;
  const bytes = new ArrayBuffer(CONTEXT_SIZE * 17);
  Object.assign(fake.kernel.machine, {
    u8: new Uint8Array(bytes),
    i32: new Int32Array(bytes),
    u32: new Uint32Array(bytes),
  });
  Object.assign(layout, { contextBase: CONTEXT_SIZE });
  const copies = {
    read(_: number, va: number, into: Uint8Array): number {
      if (va + into.length > fake.memory.byteLength) return -14;
      into.set(new Uint8Array(fake.memory.buffer, va, into.length));
      return 0;
    },
    write(_: number, va: number, from: Uint8Array): number {
      if (va + from.length > fake.memory.byteLength) return -14;
      new Uint8Array(fake.memory.buffer, va, from.length).set(from);
      return 0;
    },
  };
  Object.assign(fake.kernel.user, copies, fakeRecords(copies));
  fake.process().boot(1, 10, 0, 0);
  const pid = fake.process().spawn(2, 10, 10, 0, 0);
  const context = contextOf(fake.kernel, pid);
  for (let i = 8; i < CTX_RETIRED; i++) fake.kernel.machine.u8[context + i] = (i * 7) & 0xff;
  fake.kernel.machine.u32[(context + CTX_FCSR) >>> 2] = 0x61;
  setPc(fake.kernel, context, PC);
  setRegister(fake.kernel, context, SP, STACK);
  fake.process().setMask(pid, MASK, 0);
  return { fake, pid, context };
}

function install(fake: FakeProcesses, pid: number, flags: number): void {
  const action = createSignalAction();
  action.handler = HANDLER;
  action.flags = flags;
  fake.process().setAction(pid, SIGUSR1, action);
}

describe('a signal frame', () => {
  it('comes back as it went, registers, floating point and mask', () => {
    const { fake, pid, context } = boot();
    const { kernel } = fake;
    const before = kernel.machine.u8.slice(context, context + CTX_RETIRED);
    install(fake, pid, 0);
    const info = createSignalInfo();
    info.signal = SIGUSR1;
    info.code = -1;
    expect(pushFrame(kernel, pid, info, fake.process().action(pid, SIGUSR1))).toBe(0);
    const sp = register(kernel, context, SP);
    expect([sp % 16, STACK - sp >= FRAME_SIZE, pcOf(kernel, context)]).toEqual([0, true, HANDLER]);
    const [ra, a0, a1, a2] = [RA, A0, A1, A2].map((index) => register(kernel, context, index));
    expect([ra, a0, a1, a2]).toEqual([TRAMPOLINE, SIGUSR1, sp, sp + FRAME_UCONTEXT]);
    expect(fake.process().thread(pid).maskLow).toBe(MASK | (1 << (SIGUSR1 - 1)));
    expect(fake.memory.getInt32(sp + SIGINFO_CODE, true)).toBe(-1);
    const machineContext = sp + FRAME_UCONTEXT + UC_MCONTEXT;
    expect(fake.memory.getUint32(machineContext + MC_GREGS, true)).toBe(PC);
    expect(fake.memory.getUint32(machineContext + MC_GREGS + 16, true)).toBe(STACK);
    const f0 = new DataView(before.buffer).getUint32(CTX_F, true);
    expect(fake.memory.getUint32(machineContext + MC_FPREGS, true)).toBe(f0);
    expect(fake.memory.getUint32(sp + FRAME_UCONTEXT + UC_SIGMASK, true)).toBe(MASK);

    kernel.machine.u8.fill(0xee, context + 8 * 3, context + CTX_FCSR + 4);
    expect(popFrame(kernel, pid)).toBe(0);
    expect(kernel.machine.u8.slice(context, context + CTX_RETIRED)).toEqual(before);
    expect(fake.process().thread(pid).maskLow).toBe(MASK);
  });

  it('goes on the alternate stack once, and dies with a stack that has no room', () => {
    const { fake, pid, context } = boot();
    const { kernel } = fake;
    install(fake, pid, SA_ONSTACK | SA_NODEFER);
    setAltStack(fake.process().thread(pid), 0x2000, 0, 0x1000);
    const action = fake.process().action(pid, SIGUSR1);
    pushFrame(kernel, pid, sent(SIGUSR1), action);
    const first = register(kernel, context, SP);
    expect(first > 0x2000 && first < 0x3000).toBe(true);
    pushFrame(kernel, pid, sent(SIGUSR1), action);
    expect(register(kernel, context, SP)).toBeLessThan(first);
    expect(register(kernel, context, SP)).toBeGreaterThan(0x2000);
    while (register(kernel, context, SP) - FRAME_SIZE > 0x2000) pushFrame(kernel, pid, sent(SIGUSR1), action);
    expect(pushFrame(kernel, pid, sent(SIGUSR1), action)).toBeLessThan(0);
  });

  it('is refused where its extension header is not zero', () => {
    const { fake, pid, context } = boot();
    install(fake, pid, 0);
    pushFrame(fake.kernel, pid, sent(SIGUSR1), fake.process().action(pid, SIGUSR1));
    fake.memory.setUint32(register(fake.kernel, context, SP) + FRAME_SIZE - 8, 1, true);
    expect(popFrame(fake.kernel, pid)).toBeLessThan(0);
  });
});

describe('a call that a signal breaks off', () => {
  const classes = RESTART_CLASSES.map((name, index) => [name, index] as const).filter(
    ([name]) => name !== 'disk',
  );
  it.each(classes)('of class %s ends in EINTR or begins anew as signal(7) says', (name, broken) => {
    for (const flags of [0, SA_RESTART]) {
      const { fake, pid, context } = boot();
      install(fake, pid, flags);
      fake.process().signalGroup(pid, sent(SIGUSR1));
      expect(signals(fake.kernel, pid, broken)).toBe(true);
      expect(popFrame(fake.kernel, pid)).toBe(0);
      const restarts = name === 'always' || (name === 'restart' && flags === SA_RESTART);
      expect(pcOf(fake.kernel, context)).toBe(restarts ? PC : PC + 4);
      const a0 = fake.kernel.machine.u32[(context + 8 * A0) >>> 2] as number;
      expect((a0 | 0) === -EINTR).toBe(!restarts);
    }
  });

  it.each(classes)('of class %s without a handler to run', (name, broken) => {
    const { fake, pid, context } = boot();
    expect(signals(fake.kernel, pid, broken)).toBe(name === 'eintr');
    expect(pcOf(fake.kernel, context)).toBe(name === 'eintr' ? PC + 4 : PC);
  });

  it('ends the process by a signal without a handler', () => {
    const { fake, pid } = boot();
    fake.process().signalGroup(pid, sent(SIGUSR1));
    signals(fake.kernel, pid, -1);
    expect(fake.process().group(pid)).toMatchObject({ zombie: true, status: SIGUSR1 });
  });

  it('kills for a handler whose stack is bad', () => {
    const { fake, pid, context } = boot();
    install(fake, pid, 0);
    setRegister(fake.kernel, context, SP, 0x7fff_0000);
    fake.process().signalGroup(pid, sent(SIGUSR1));
    expect(signals(fake.kernel, pid, -1)).toBe(false);
    expect(fake.process().group(pid)).toMatchObject({ zombie: true, status: 11 });
  });
});
