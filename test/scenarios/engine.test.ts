/** The way of executing instructions replaced under programs that compute, there and back. */
import { describe, expect, it } from 'vitest';
import { byItself, demo, ROOTS } from './demo.ts';

describe.each(ROOTS)('%s', { timeout: 300_000 }, (name, args) => {
  it('is faster while translated, and leaves no trace but time', async () => {
    const programs = name.startsWith('Debian') ? ['python3', 'sqlite3', 'gzip'] : ['spin', 'sh', 'sort'];
    const [there, back] = await demo(['engine', ...args], true);
    expect(there).toMatchObject({ slot: 'engine', from: 'interpreter', to: 'jit', replacements: 3 });
    expect(back).toMatchObject({ slot: 'engine', from: 'jit', to: 'interpreter', replacements: 3 });
    let gain = 1;
    for (const program of programs) {
      const [before, translated] = [there?.before, there?.after].map((side) =>
        Number(side?.[`${program}Mips`]),
      );
      expect(before, program).toBeGreaterThan(1);
      gain *= (translated as number) / (before as number);
      expect(back?.after[`${program}Mips`], program).toBeGreaterThan(1);
    }
    expect(gain ** (1 / programs.length)).toBeGreaterThanOrEqual(1.99);
  });
});

it('is not as claimed when the interpreter is replaced by itself', { timeout: 300_000 }, () =>
  byItself('engine', []),
);
