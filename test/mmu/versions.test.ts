/**
 * Version skew: programs that compute a wrong result on pmap/sv39 1.0, a right one on 1.1, and that can say so themselves.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const able = spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).status === 0;
const OLD = { pmap: 'sv39@1.0' };
/** The child is not to run before its parent has written. */
const TURNS = { scheduler: 'round-robin' };

let program: Uint8Array = new Uint8Array(0);
let noted: Uint8Array = new Uint8Array(0);

beforeAll(() => {
  if (!able) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'strake-mmu-'));
  const at = (name: string): string => path.join(folder, name);
  const source = path.join(import.meta.dirname, 'programs/shared.c');
  execFileSync(COMPILER, ['-O1', '-static', '-o', at('plain'), source]);
  writeFileSync(
    at('note.s'),
    '.section .note.strake, "a", @note\n.balign 4\n.long 7, 2f - 1f, 1\n.asciz "Strake"\n.balign 4\n' +
      '1: .ascii "pmap >= 1.1"\n2: .balign 4\n',
  );
  execFileSync(COMPILER, ['-O1', '-static', '-o', at('noted'), source, at('note.s')]);
  program = readFileSync(at('plain'));
  noted = readFileSync(at('noted'));
  rmSync(folder, { recursive: true });
});

const run = (options: GuestOptions, image: Uint8Array = program): Promise<GuestRun> =>
  runGuest(['/tmp/shared'], {
    deterministic: true,
    ...options,
    modules: { ...TURNS, ...options.modules },
    files: { '/tmp/shared': image, ...options.files },
  });
const swaps = ({ stats }: GuestRun): string[] => stats.replacements.map(({ from, to }) => `${from} ${to}`);

describe.runIf(able)('a program that shares a page that is written and executed', () => {
  it('is wrong on 1.0, and right on every other', async () => {
    const old = await run({ modules: OLD });
    expect([old.stdout, old.status.code]).toEqual(['4 of 5\n', 1]);
    for (const pmap of ['sv39', 'sv39@1.1', 'sv48']) {
      const { stdout, status } = await run({ modules: { pmap } });
      expect([pmap, stdout, status.code]).toEqual([pmap, '0 of 5\n', 0]);
    }
  });

  it('is right on 1.0 if a file beside it requires 1.1, which comes in before its first instruction', async () => {
    const files = { '/tmp/shared.requires': '# stale rights to write before\npmap >= 1.1\n' };
    const plain = await run({ modules: OLD, files });
    expect([plain.stdout, plain.status.code, swaps(plain)]).toEqual(['0 of 5\n', 0, ['sv39 sv39']]);
    expect(swaps(await run({ files }))).toEqual([]);
  });

  it('is right on 1.0 if a note in it says so', async () => {
    const { stdout, stats } = await run({ modules: OLD }, noted);
    expect([stdout, stats.replacements.length]).toEqual(['0 of 5\n', 1]);
  });

  it('is not run without its requirement: no such module, or nobody may bring it in', async () => {
    const refusal = /\.requires\) can not be had/;
    const future = { '/tmp/shared.requires': 'pmap >= 9' };
    await expect(run({ files: future })).rejects.toThrow(refusal);
    await expect(run({ files: { '/tmp/shared.requires': 'what is this' } })).rejects.toThrow(refusal);
    const files = { '/tmp/shared.requires': 'pmap >= 1.1' };
    const nobody = { spawn: { user: { uid: 1000, gid: 1000 } } };
    await expect(run({ modules: OLD, files, ...nobody })).rejects.toThrow(refusal);
    const allowed = await run({ modules: OLD, files, ...nobody, onDemand: true });
    expect(allowed.stdout).toBe('0 of 5\n');
  });

  it('may require interfaces of several slots', async () => {
    const files = { '/tmp/shared.requires': 'scheduler deadline\nvm copy-on-write >= 1\npmap >= 1.1\n' };
    const { stdout, stats } = await run({ modules: { ...OLD, vm: 'primitive' }, files });
    expect(stdout).toBe('0 of 5\n');
    expect(stats.replacements.map(({ slot, to }) => `${slot}/${to}`)).toEqual([
      'scheduler/deadline',
      'vm/cow',
      'pmap/sv39',
    ]);
  });
});

const python = debianRoot('python3');
const SCRIPT = `
import mmap, os, time
SIZE = 64 * 4096
RWX = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
pages = mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, RWX)
wrong = 0
for turn in range(1, 21):
    pages[::4096] = bytes([turn]) * 64
    if os.fork() == 0:
        time.sleep(0.005)
        os._exit(pages[::4096] != bytes([turn]) * 64)
    pages[::4096] = bytes(64)
    wrong += os.wait()[1] != 0
print(wrong)
`;

describe.runIf(python !== null)('python3', { timeout: 120_000 }, () => {
  it('gives its children wrong pages on 1.0, and none once 1.1 has come in', async () => {
    const python3 = async (modules: Record<string, string>): Promise<number> => {
      const { stdout } = await runGuest(['/usr/bin/python3', '-c', SCRIPT], {
        root: python as string,
        deterministic: true,
        modules: { ...TURNS, ...modules },
      });
      return Number(stdout);
    };
    expect(await python3(OLD)).toBeGreaterThan(10);
    expect(await python3({})).toBe(0);
  });
});

describe('exchange of formats', () => {
  const WORK =
    'i=0; while [ $i -lt 30 ]; do echo $i | cat > /dev/null; i=$((i + 1)); done; forkbench 4 2 > /dev/null; mapfile /bin/sh';
  const digest = async (options: GuestOptions): Promise<string> => {
    const result = await runGuest(['sh', '-c', WORK], { deterministic: true, digest: 'full', ...options });
    expect(result.status.code).toBe(0);
    return result.digest;
  };

  it('Sv39 and Sv48 in turns at every kernel entry: the guest sees no difference', async () => {
    const plain = await digest({});
    expect(await digest({ modules: { pmap: 'sv48' } })).toBe(plain);
    for (const transfer of ['move', 'copy'] as const) {
      const replace = ['pmap=sv48@every:1entries'];
      expect(await digest({ replace, transfer, probation: 0 })).toBe(plain);
      expect(await digest({ replace, transfer })).toBe(plain);
    }
  });
});
