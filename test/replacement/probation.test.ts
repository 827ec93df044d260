/**
 * Probation: modules that fail at work, in every cell and in every way, and the guest sees nothing of it.
 *
 * Each bad module is a good one that does harm in a certain call, after it has done what was asked, so that there is
 * something to undo. The run with a row of them must be, to the bit, the run without.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultModules } from '../../src/api/builtin.ts';
import { embeddedImage } from '../../src/image/embedded.ts';
import { haveE2fsprogs, makeImage } from '../support/e2fsprogs.ts';
import { type GuestRun, runGuest } from '../support/guest.ts';

/** Ways to fail. `in` is the record of operations' state, `result` what the call would have given. */
const HARM = {
  throws: 'throw new Error("sabotage");',
  'throws what is no error': 'throw { toString() { throw 1; } };',
  'gives no number': 'return undefined;',
  'ends never': 'for (;;);',
  'loses a field':
    'const key = Object.keys(state)[0]; if (key === undefined) throw 0; state[key] = "lost"; return result;',
} as const;
type Harm = keyof typeof HARM;

/** Operations whose result the kernel uses as a number, so that another kind is noticed there. */
const NUMERIC: ReadonlySet<string> = new Set(['pick', 'run', 'syscall', 'next', 'fault', 'quantum']);

interface Bad {
  readonly harm: Harm;
  /** In the so-many-th call of any operation. */
  readonly call: number;
}

const BAD: readonly Bad[] = [
  { harm: 'throws', call: 1 },
  { harm: 'throws', call: 41 },
  { harm: 'throws', call: 122 },
  { harm: 'throws what is no error', call: 9 },
  { harm: 'loses a field', call: 3 },
  { harm: 'gives no number', call: 4 },
  { harm: 'ends never', call: 7 },
];
const COMPILER = 'riscv64-linux-gnu-gcc';
const PACKAGE = path.resolve(import.meta.dirname, '../..');
const FIRST = 300;
const APART = 220;
const NEVER = 999_999_999;
/** A cell that is seldom called may not come to the call in which harm is done. */
const LEAST = 2;

/** A connection over the loopback, a word there and back. */
const ECHO = `
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof at;
  char word[16] = "";
  int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (void *)&at, size) || listen(server, 1) || getsockname(server, (void *)&at, &size)) return 1;
  if (connect(client, (void *)&at, size)) return 2;
  int peer = accept(server, 0, 0);
  if (send(client, argv[1], 2, 0) != 2 || recv(peer, word, 2, 0) != 2 || send(peer, word, 2, 0) != 2) return 3;
  if (shutdown(peer, SHUT_WR) || recv(client, word, 16, MSG_WAITALL) != 2) return 4;
  sync();
  return argc == 2 && printf("echo %s\\n", word) < 0;
}`;

/** Every file system and the streams have their part in each turn of the loop. */
const SCRIPT = `
trap 'echo caught' USR1
mkdir -p /tmp/w && cd /tmp/w
i=0
while [ $i -lt 32 ]; do
  echo $i | cat >> log
  ln -s log link$i; mv link$i /dev/shm/moved; rm /dev/shm/moved
  echo $i > /dev/shm/ram; echo $i > /mnt/$i; cat /mnt/data /proc/self/stat > /dev/null; rm /mnt/$i
  ls /sys/kernel > /dev/null; echo turn $i
  echo $i > /disk/$i; /tmp/echo $i; cat /disk/$i > /dev/null; rm /disk/$i
  ls -l /old > /dev/null; cat /old/data
  i=$((i + 1))
done
cat log | sort -n | head -n 3
for n in 1 2 3; do (sleep 0.0$n; echo job $n) & done
wait
kill -USR1 $$
spin a 0.02 > /dev/null & spin b 0.02 > /dev/null; wait
(sleep 0.01; kill -TERM $$) & trap 'echo terminated; exit 5' TERM
while :; do :; done
`;

let folder = '';

const able = haveE2fsprogs && spawnSync(COMPILER, ['--version'], { stdio: 'ignore' }).status === 0;

/** The image as it was made, so that each run finds the same. */
function freshDisk(): string {
  const file = path.join(folder, 'disk.img');
  copyFileSync(path.join(folder, 'made.img'), file);
  return file;
}

const run = (replace: readonly string[]): Promise<GuestRun> =>
  runGuest(['/bin/sh', '/tmp/script'], {
    deterministic: true,
    digest: 'full',
    memory: 64 << 20,
    root: path.join(folder, 'root'),
    disks: [{ name: 'vda', file: freshDisk() }],
    mounts: [
      { host: path.join(folder, 'mount'), guest: '/mnt' },
      { disk: 'vda', guest: '/disk' },
      { archive: path.join(folder, 'old.tar'), guest: '/old' },
    ],
    files: { '/tmp/script': SCRIPT, '/tmp/echo': readFileSync(path.join(folder, 'echo')) },
    replace,
    probation: 1_000_000,
  });

beforeAll(async () => {
  if (!able) return;
  folder = mkdtempSync(path.join(tmpdir(), 'strake-probation-'));
  makeImage(path.join(folder, 'made.img'), 1024);
  execFileSync(COMPILER, ['-O2', '-static', '-x', 'c', '-o', path.join(folder, 'echo'), '-'], {
    input: ECHO,
  });
  mkdirSync(path.join(folder, 'mount'));
  writeFileSync(path.join(folder, 'mount/data'), 'one\ntwo\n');
  execFileSync('tar', ['-C', path.join(folder, 'mount'), '-cf', path.join(folder, 'old.tar'), 'data']);
  for (const entry of await embeddedImage(async (name) => readFileSync(path.join(PACKAGE, name)))) {
    const place = path.join(folder, 'root', entry.path);
    if (entry.type === 'directory') mkdirSync(place, { recursive: true });
    else if (entry.type === 'symlink') symlinkSync(entry.target, place);
    else if (entry.type === 'file') writeFileSync(place, entry.bytes, { mode: entry.mode });
  }
});
afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** A module file that does what the module of a cell does, but for one call. @returns its path */
async function sabotage(
  slot: string,
  name: string,
  type: string | undefined,
  bad: Bad,
  index: number,
): Promise<string> {
  const contents = `
    import good from './src/modules/${slot}/${name}/module.ts';
    const numeric = ${JSON.stringify([...NUMERIC])};
    let calls = 0;
    const harm = (state, result) => { ${HARM[bad.harm]} };
    export default {
      ...good,
      manifest: { ...good.manifest, name: 'bad-${index}' },
      selfTest: undefined,
      create(state, kernel) {
        const operations = good.create(state, kernel);
        for (const name of Object.keys(operations)) {
          const work = operations[name];
          if (typeof work !== 'function') continue;
          operations[name] = (...list) => {
            const result = work(...list);
            if (${bad.harm === 'gives no number'} && !numeric.includes(name)) return result;
            return ++calls === ${bad.call} ? harm(state, result) : result;
          };
        }
        return operations;
      },
    };`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: PACKAGE },
    bundle: true,
    write: false,
    format: 'esm',
    treeShaking: true,
    platform: 'neutral',
  });
  const file = path.join(folder, `${slot}-${type ?? ''}-${index}.mjs`);
  writeFileSync(file, outputFiles[0]?.contents ?? '');
  return file;
}

describe.skipIf(!able).each(defaultModules().map(({ manifest }) => manifest))(
  '$slot $type',
  ({ slot, name, type }) => {
    it('a row of bad modules changes nothing that the guest sees', async () => {
      const files = await Promise.all(BAD.map((bad, index) => sabotage(slot, name, type, bad, index)));
      // The same modules are known, for they are listed under /lib/modules, but none comes in.
      const plain = await run(files.map((file) => `${slot}=${file}@${NEVER}entries`));
      expect([plain.stderr, plain.status]).toEqual(['', { code: 5, signal: 0 }]);
      expect(plain.stats.kernelEntries).toBeGreaterThan(FIRST + APART * BAD.length);
      const bad = await run(files.map((file, i) => `${slot}=${file}@${FIRST + APART * i}entries`));
      const undone = bad.stats.replacements.filter(
        ({ to, failed }) => to.startsWith('bad') && failed !== undefined,
      );
      const back = bad.stats.replacements.filter(
        ({ by, failed }) => by === 'probation' && failed === undefined,
      );
      expect([bad.stdout, bad.stderr, bad.status]).toEqual([plain.stdout, '', { code: 5, signal: 0 }]);
      expect(bad.digest).toBe(plain.digest);
      expect(back.length).toBe(undone.length);
      expect(undone.length).toBeGreaterThanOrEqual(LEAST);
      console.log(
        `${slot} ${type ?? ''}: ${undone.length} of ${BAD.length} bad modules did harm and were undone`,
      );
    });
  },
);
