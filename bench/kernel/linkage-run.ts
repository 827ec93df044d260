/**
 * One kernel of the linkage bench: boots, has its slots replaced so often, and measures in CPU time, which goes to standard
 * output as JSON: ns for one operation, a figure a round. Run by `linkage.ts`, in a process of its own.
 */
import { readFileSync } from 'node:fs';
import { Kernel } from '../../src/api/kernel.ts';
import { nodeHost } from '../../src/host/node/index.ts';

/** `slots`: which are replaced, all where absent. */
const [guest = '', replacements = '0', rounds = '1', slots] = process.argv.slice(2);

/** Name in kernel.c, scale, and what one of it is called. */
const OPERATIONS = [
  ['syscall', 60, 20_000],
  ['pipe', 20, 2000],
  ['faults', 80, 800],
] as const;
const WARM_UPS = 2;

const host = nodeHost({ stdin: null, onOutput: () => {} });
const kernel = await Kernel.boot({ host, modules: { engine: 'jit' } });
await kernel.install('/bench', readFileSync(guest), 0o755);

async function run(name: string, scale: number): Promise<number> {
  const before = process.cpuUsage();
  const { exited } = await kernel.spawn(['/bench', name, String(scale)]);
  const { code } = await exited;
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

const round = async (): Promise<readonly number[]> => {
  const figures: number[] = [];
  for (const [name, scale, count] of OPERATIONS) figures.push((await run(name, scale)) / (scale * count));
  return figures;
};

// Each generation of instances runs, so that the host's compiler meets all of them.
const wanted = slots?.split(',');
const inPlace = kernel.modules().filter(({ active, slot }) => active && wanted?.includes(slot) !== false);
await round();
for (let i = 0; i < Number(replacements); i++) {
  for (const { slot, name } of inPlace) await kernel.replace({ [slot]: name });
  for (const [name] of OPERATIONS) await run(name, 0);
}
for (let i = 0; i < WARM_UPS; i++) await round();
const results: Record<string, number[]> = Object.fromEntries(OPERATIONS.map(([name]) => [name, []]));
for (let i = 0; i < Number(rounds); i++) {
  for (const [at, ns] of (await round()).entries()) results[OPERATIONS[at]?.[0] ?? '']?.push(ns);
}
process.stdout.write(JSON.stringify(results));
await kernel.shutdown();
