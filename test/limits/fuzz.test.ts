import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, haveCompiler, Scratch, TestKernel } from './support.ts';

const CALLS = 12_000;
/** Each state is written to bytes, checked and read back again and again: what a call left invalid is refused. */
const REPLACED: readonly string[] = [
  ['process', 'posix'],
  ['vfs', 'dentry'],
  ['vm', 'cow'],
  ['ipc', 'basic'],
  ['net', 'loopback'],
  ['abi', 'linux'],
  ['clock', 'tick'],
  ['tty', 'line-discipline'],
  ['pagecache', 'demand'],
  ['frames', 'first-fit'],
  ['pmap', 'sv39'],
  ['scheduler', 'time-sharing'],
  ['filesystem', 'ram'],
  ['filesystem', 'host'],
  ['filesystem', 'proc'],
  ['filesystem', 'dev'],
  ['filesystem', 'sys'],
].map(([slot, name], i) => `${slot}=${name}@every:${1000 + 37 * i}entries`);

describe.skipIf(!haveCompiler)('random system calls', () => {
  const scratch = new Scratch();
  let fuzz: Uint8Array;
  beforeAll(() => {
    fuzz = compile(scratch, 'syscall-fuzz');
  });
  afterAll(() => scratch.remove());

  test.each([
    { seed: 1, who: 'root', memory: 64, deterministic: true },
    { seed: 2, who: 'user', memory: 64, deterministic: true },
    { seed: 3, who: 'root', memory: 16, deterministic: true },
    { seed: 4, who: 'user', memory: 16, deterministic: true },
    { seed: 5, who: 'root', memory: 64, deterministic: false },
    { seed: 6, who: 'user', memory: 16, deterministic: false },
  ])(
    'seed $seed as $who in $memory MiB, deterministic: $deterministic',
    async ({ seed, who, memory, deterministic }) => {
      const outside = scratch.path(`outside-${seed}`);
      const inside = scratch.path(`outside-${seed}`, 'inside');
      mkdirSync(inside, { recursive: true });
      writeFileSync(`${outside}/canary`, 'alive');
      const kernel = await TestKernel.boot({
        memory: memory << 20,
        deterministic,
        mounts: [{ host: inside, guest: '/mnt' }],
        transfer: 'copy',
        replace: REPLACED,
      });
      await kernel.install('/tmp/syscall-fuzz', fuzz);
      const outcome = await kernel.run(['/tmp/syscall-fuzz', String(seed), String(CALLS), who]);
      expect(outcome.status).toBe(0);
      expect(outcome.stdout).toMatch(new RegExp(`calls ${CALLS} children`));
      expect(kernel.log.filter((line) => line.includes('replacement refused'))).toEqual([]);
      expect(await kernel.run(['/bin/sh', '-c', 'echo alive'])).toMatchObject({ stdout: 'alive\n' });
      await kernel.kernel.shutdown();
      expect(readdirSync(outside).sort()).toEqual(['canary', 'inside']);
      expect(readFileSync(`${outside}/canary`, 'latin1')).toBe('alive');
    },
  );
});
