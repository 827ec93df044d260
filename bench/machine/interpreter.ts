/**
 * Instructions a second of the interpreter on integer loops, beside qemu-riscv64-static on the same binaries.
 *
 * Run: node --import tsx bench/machine/interpreter.ts. Needs riscv64-linux-gnu-gcc; QEMU is optional.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Harness } from '../../test/machine/harness.ts';

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'strake-bench-'));
const sources: readonly (readonly [name: string, file: string, kernel: number])[] = [
  ['sieve', 'loops.c', 1],
  ['fib', 'loops.c', 2],
  ['xorshift', 'loops.c', 3],
];

for (const [name, file, kernel] of sources) {
  const path = join(scratch, name);
  execFileSync('riscv64-linux-gnu-gcc', [
    '-O2',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
    `-DKERNEL=${kernel}`,
    '-o',
    path,
    join(here, file),
  ]);
  const elf = new Uint8Array(readFileSync(path));
  const figures: string[] = [];
  let text = '';
  for (let turn = 0; turn < 3; turn++) {
    const h = new Harness();
    h.loadElf(elf);
    const start = performance.now();
    h.runProgram(1_000_000);
    const seconds = (performance.now() - start) / 1000;
    figures.push((h.retired / seconds / 1e6).toFixed(0));
    text = h.outputText;
  }
  const start = performance.now();
  const oracle = spawnSync('qemu-riscv64-static', [path]);
  const same = oracle.error
    ? 'no oracle'
    : oracle.stdout.toString() === text
      ? 'same output'
      : 'OUTPUT DIFFERS';
  console.log(
    `${name.padEnd(10)} ${figures.join(' / ')} MIPS, ${same}, qemu ${((performance.now() - start) / 1000).toFixed(2)} s`,
  );
}
