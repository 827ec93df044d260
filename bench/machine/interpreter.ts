/**
 * Instructions a second of the interpreter on small loops; output compared with qemu-riscv64-static.
 *
 * Run: node --import tsx bench/machine/interpreter.ts. Needs riscv64-linux-gnu-gcc; QEMU is optional.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemble } from '../../src/machine/isa/assemble.ts';
import { createInterpreter } from '../../src/modules/engine/interpreter/module.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { Harness } from '../../test/machine/harness.ts';

/** CPU time of the process, so that other load on the machine does not count. */
const milliseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'strake-bench-'));
const sources: readonly (readonly [name: string, file: string, kernel: number])[] = [
  ['sieve', 'loops.c', 1],
  ['fib', 'loops.c', 2],
  ['xorshift', 'loops.c', 3],
  ['n-body', 'float.c', 1],
  ['filter', 'float.c', 2],
];

const engines = { interpreter: createInterpreter, jit: createJit };

for (const [name, file, kernel] of sources) {
  const path = join(scratch, name);
  execFileSync('riscv64-linux-gnu-gcc', [
    '-O2',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
    '-fno-math-errno',
    '-Wl,--no-relax',
    `-DKERNEL=${kernel}`,
    '-o',
    path,
    join(here, file),
  ]);
  const elf = new Uint8Array(readFileSync(path));
  const before = milliseconds();
  const oracle = spawnSync('qemu-riscv64-static', [path]);
  void before;
  for (const [engine, create] of Object.entries(engines)) {
    const figures: string[] = [];
    let text = '';
    let retired = 0;
    for (let turn = 0; turn < 5; turn++) {
      const h = new Harness(32 << 20, false, create);
      h.loadElf(elf);
      const start = milliseconds();
      h.runProgram(1_000_000);
      const seconds = (milliseconds() - start) / 1000;
      figures.push((h.retired / seconds / 1e6).toFixed(0));
      text = h.outputText;
      retired = h.retired;
    }
    const same = oracle.error
      ? 'no oracle'
      : oracle.stdout.toString() === text
        ? 'same output'
        : 'OUTPUT DIFFERS';
    console.log(`${name.padEnd(10)} ${engine.padEnd(12)} ${figures.join(' / ')} MIPS of ${retired}, ${same}`);
  }
}

// Costs beside the loop: a kernel entry, a fresh instance, decoding.
{
  const h = new Harness(8 << 20);
  h.map(0x10000);
  h.code(0x10000, [assemble('ecall'), assemble('jal', { rd: 0, imm: -4 })]);
  h.pc = 0x10000;
  const entries = 2_000_000;
  for (let turn = 0; turn < 3; turn++) {
    const start = milliseconds();
    for (let i = 0; i < entries; i++) {
      h.run();
      h.pc = 0x10004;
    }
    if (turn === 2) console.log(`entry      ${(((milliseconds() - start) / entries) * 1e6).toFixed(0)} ns`);
  }
  const instances = 200;
  const start = milliseconds();
  for (let i = 0; i < instances; i++) createInterpreter(h.machine).run(0, 1);
  console.log(
    `instance   ${(((milliseconds() - start) / instances) * 1e3).toFixed(0)} us, with its first entry`,
  );
}
{
  const h = new Harness(16 << 20);
  const pages = 500;
  for (let i = 0; i < pages; i++) {
    h.map(0x100000 + i * 4096);
    for (let at = 0; at < 4096; at += 4)
      h.code(0x100000 + i * 4096 + at, [assemble('addi', { rd: 5, rs1: 6, imm: at & 1023 })]);
  }
  h.code(0x100000 + pages * 4096 - 4, [assemble('ecall')]);
  h.pc = 0x100000;
  const start = milliseconds();
  h.run();
  const ns = ((milliseconds() - start) * 1e6) / (pages * 1024);
  console.log(`predecode  ${ns.toFixed(0)} ns an instruction, its first execution included`);
}
