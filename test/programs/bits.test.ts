/**
 * Programs that are compiled for Zba, Zbb and Zbs, and one that asks if they are there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bitRows } from '../../src/machine/isa/bits.ts';
import { decode, isLong } from '../../src/machine/isa/decode.ts';
import { runGuest } from '../support/guest.ts';
import { haveCompiler, haveQemu } from '../userland/harness.ts';

const TURNS = '20';
const PF_X = 1;

/** What lies in the executable segment of a program, by mnemonic. */
function mnemonicsOf(elf: Uint8Array): Set<string> {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const found = new Set<string>();
  const headers = Number(view.getBigUint64(32, true));
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = headers + i * 56;
    if (view.getUint32(at, true) !== 1 || (view.getUint32(at + 4, true) & PF_X) === 0) continue;
    const start = Number(view.getBigUint64(at + 8, true));
    const end = start + Number(view.getBigUint64(at + 32, true));
    for (let pc = start; pc + 4 <= end; ) {
      const word = view.getUint32(pc, true);
      const decoded = decode(word);
      if (decoded !== null) found.add(decoded.row.mnemonic);
      pc += isLong(word) ? 4 : 2;
    }
  }
  return found;
}

describe.skipIf(!haveCompiler)('bit manipulation in compiled programs', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bits-'));
  const built = (name: string, march: string): string => {
    const out = path.join(folder, `${name}-${march}`);
    const source = path.join(import.meta.dirname, 'c', `${name}.c`);
    execFileSync('riscv64-linux-gnu-gcc', [`-march=${march}`, '-static', '-O2', '-w', '-o', out, source]);
    return out;
  };
  let plain = '';
  let extended = '';
  let probe = '';
  beforeAll(() => {
    plain = built('bits', 'rv64gc');
    extended = built('bits', 'rv64gc_zba_zbb_zbs');
    probe = built('probe', 'rv64gc');
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const run = (file: string, more: Parameters<typeof runGuest>[1] = {}): ReturnType<typeof runGuest> =>
    runGuest(['/tmp/program', TURNS], { files: { '/tmp/program': fs.readFileSync(file) }, ...more });

  test('they contain most of them', () => {
    const used = mnemonicsOf(fs.readFileSync(extended));
    const known = new Set(bitRows.map((row) => row.mnemonic));
    expect([...used].filter((name) => known.has(name)).length).toBeGreaterThan(20);
  });

  test.each([['interpreter'], ['jit']])('give on the %s what they give without', async (engine) => {
    const { stdout: expected } = await run(plain, { modules: { engine: 'interpreter' } });
    expect(expected.split('\n').length).toBe(3 * Number(TURNS) + 1);
    const { stdout, status } = await run(extended, { modules: { engine } });
    expect(status).toEqual({ code: 0, signal: 0 });
    expect(stdout).toBe(expected);
  });

  test.skipIf(!haveQemu)('give what QEMU gives', async () => {
    const oracle = spawnSync(
      'qemu-riscv64-static',
      ['-cpu', 'rv64,zba=true,zbb=true,zbs=true', extended, TURNS],
      {
        encoding: 'utf8',
      },
    );
    expect(oracle.status).toBe(0);
    expect((await run(extended)).stdout).toBe(oracle.stdout);
  });

  test('engines change places under them', async () => {
    const options = { deterministic: true, digest: 'full' } as const;
    const still = await run(extended, options);
    const swapped = await run(extended, {
      ...options,
      replace: ['engine=interpreter@every:1entries', 'engine=jit@every:2entries', 'abi=linux@every:1entries'],
      transfer: 'copy',
    });
    expect([swapped.stdout, swapped.digest]).toEqual([still.stdout, still.digest]);
  });

  const PROBED = `all 0
base 1, fd 1, c 1, v 0
zba 1, zbb 1, zbs 1
zbc 0, zihintntl 1, zicond 0, zihintpause 1
misaligned 3 and 3, zicboz 0
highest 0x4000000000, time 10000000
unknown -1 0
unknown -1 0
flag 2: -22
flags 3: -22
the first: 0
the same
one that is not there: -22
no set: -22
a set at 0: -14
pairs at 0: -14
no pairs: 0
which, no set: -22
which, set at 0: -22
which has zba and zbb: 1
which has zba of the second: 0
which has v: 0
which has pause: 1
which has zicond: 0
which is fast: 1 0
which knows: 0
which forgets: -1 0
pairs that can not be written: -14
which of them: 0, 1
a set that can not be written: -14
hwcap acdfim, 0
isa		: rv64imafdc_zicsr_zifencei_zihintntl_zihintpause_zba_zbb_zbs
hart isa	: rv64imafdc_zicsr_zifencei_zihintntl_zihintpause_zba_zbb_zbs
`;
  test('a program can ask for them, and gets the same from modules that are replaced', async () => {
    const options = { deterministic: true, digest: 'full', transfer: 'copy' } as const;
    const still = await run(probe, options);
    expect([still.stdout, still.stderr]).toEqual([PROBED, '']);
    const swapped = await run(probe, {
      ...options,
      replace: ['abi=linux@every:1entries', 'vm=cow@every:1entries', 'filesystem=proc@every:1entries'],
    });
    expect([swapped.stdout, swapped.digest]).toEqual([still.stdout, still.digest]);
  });
});
