import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, haveCompiler, Scratch, TestKernel } from './support.ts';

const SIGILL = 4;
const SIGTRAP = 5;
const SIGBUS = 7;
const SIGSEGV = 11;
const MAPERR = 1;
const ACCERR = 2;
const ADRALN = 1;
const ADRERR = 2;
const UNMAPPED = '7000000';

/** What is done, the signal and si_code by which Linux answers, and si_addr where it is known. Compared with QEMU once. */
type Fault = readonly [what: string, signal: number, code: number, address: string];
/** An address that depends on where memory was given out. */
const ANY = '[0-9a-f]+';
const FAULTS: readonly Fault[] = [
  ...['load', 'store', 'jump'].flatMap((kind): Fault[] => [
    [`${kind}-null`, SIGSEGV, MAPERR, '0'],
    [`${kind}-unmapped`, SIGSEGV, MAPERR, UNMAPPED],
    [`${kind}-limit`, SIGSEGV, MAPERR, '4000000000'],
    [`${kind}-kernel`, SIGSEGV, MAPERR, 'ffffffc000000000'],
  ]),
  ['load-below-limit', SIGSEGV, MAPERR, '3ffffffffc'],
  ['load-4g', SIGSEGV, MAPERR, '100000000'],
  ['load-top', SIGSEGV, MAPERR, 'fffffffffffffff8'],
  ['load-wraps', SIGSEGV, MAPERR, ANY],
  ['load-noncanonical', SIGSEGV, MAPERR, ANY],
  ['load-none', SIGSEGV, ACCERR, ANY],
  ['store-readonly', SIGSEGV, ACCERR, ANY],
  ['store-text', SIGSEGV, ACCERR, ANY],
  ['jump-data', SIGSEGV, ACCERR, ANY],
  ['jump-end', SIGSEGV, MAPERR, ANY],
  ['jump-half', SIGSEGV, MAPERR, ANY],
  ...[
    ...['zero', 'ones', 'opcode', 'csr', 'sret', 'mret', 'wfi', 'sfence', 'shift', 'fp-fmt', 'rm', 'vector'],
  ].map((kind): Fault => [`illegal-${kind}`, SIGILL, 1, ANY]),
  ['breakpoint', SIGTRAP, 1, ANY],
  ['lr-misaligned', SIGBUS, ADRALN, ANY],
  ['sc-misaligned', SIGBUS, ADRALN, ANY],
  ['amo-misaligned', SIGBUS, ADRALN, ANY],
  ['amo-readonly', SIGSEGV, ACCERR, ANY],
  ['amo-unmapped', SIGSEGV, MAPERR, UNMAPPED],
  ['lr-unmapped', SIGSEGV, MAPERR, UNMAPPED],
  ['sc-readonly', SIGSEGV, ACCERR, ANY],
  ['float-unmapped', SIGSEGV, MAPERR, UNMAPPED],
  ['float-readonly', SIGSEGV, ACCERR, ANY],
  ['across', SIGSEGV, MAPERR, ANY],
  ['bad-sp', SIGSEGV, MAPERR, '8'],
  ['past-file', SIGBUS, ADRERR, ANY],
  ['recursion', SIGSEGV, MAPERR, ANY],
];

describe.skipIf(!haveCompiler)('a wrong access', () => {
  const scratch = new Scratch();
  let kernel: TestKernel;
  beforeAll(async () => {
    kernel = await TestKernel.boot({ memory: 64 << 20, deterministic: true });
    await kernel.install('/tmp/faults', compile(scratch, 'faults'));
  });
  afterAll(async () => {
    await kernel.kernel.shutdown();
    scratch.remove();
  });

  test.each(FAULTS)('%s is signal %i with code %i', async (what, signal, code, address) => {
    expect((await kernel.run(['/tmp/faults', what])).status).toBe(128 + signal);
    const { stdout } = await kernel.run(['/tmp/faults', what, 'caught']);
    expect(stdout).toMatch(new RegExp(`^${signal} ${code} ${address}\n$`));
  });

  test('kills only the program that did it', async () => {
    const script = 'sleep 1 & /tmp/faults load-kernel; echo $?; wait $!; echo $?';
    expect(await kernel.sh(script)).toMatchObject({ stdout: expect.stringMatching(/^139\n0\n$/) });
  });

  test('divides by zero without a trap', async () => {
    expect((await kernel.run(['/tmp/faults', 'divide'])).status).toBe(0);
  });
});
