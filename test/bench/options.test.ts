/** The command line of the benchmark. */
import { describe, expect, it } from 'vitest';
import { type Options, parseOptions } from '../../bench/options.ts';
import { ROWS } from '../../bench/rows.ts';

const options = (...argv: readonly string[]): Options => {
  const parsed = parseOptions(argv);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};
const names = (list: readonly { readonly name: string }[]): readonly string[] => list.map(({ name }) => name);

describe('options', () => {
  it('ask for everything, three times, if none is given', () => {
    const { rows, systems, ...others } = options();
    expect(names(rows)).toEqual(names(ROWS));
    expect(names(systems)).toEqual(['native', 'qemu', 'interpreter', 'first', 'jit']);
    expect(others).toEqual({
      rounds: 3,
      percent: 100,
      timing: 'clock',
      check: false,
      json: false,
      write: false,
    });
  });

  it('take rows by name and by group, and a scale by name', () => {
    const { rows, percent } = options('--only', 'kernel path,sieve', '--scale', 'small');
    expect(names(rows).slice(0, 3)).toEqual(['sieve', 'syscall', 'pipe']);
    expect(percent).toBe(5);
  });

  it('check with one round of the least work', () => {
    const { rounds, percent } = options('--check', '--rounds', '5');
    expect(rounds).toBe(1);
    for (const { work } of ROWS) expect(Math.round((work * percent) / 100)).toBeLessThanOrEqual(1);
  });

  it('help', () => {
    expect(parseOptions(['--help'])).toMatch(
      /^usage: npm run bench[^]*programs: sieve[^]*kernel path: syscall/,
    );
  });

  it.each([
    [['--only', 'siev'], "--only: there is no 'siev'"],
    [['--systems', 'qemu,vax'], "--systems: there is no 'vax'"],
    [['--rounds', '0'], '--rounds 0 is no count'],
    [['--rounds', '1.5'], '--rounds 1.5 is no count'],
    [['--scale', 'tiny'], '--scale tiny is no percentage'],
    [['--scale', '-1'], '--scale'],
    [['--write', '--only', 'sieve'], '--write needs all rows and systems'],
    [['--write', '--check'], '--write needs all rows and systems'],
    [['--check', '--json'], '--check has no figures'],
    [['--nothing'], "Unknown option '--nothing'"],
    [['sieve'], 'Unexpected argument'],
  ])('refuse %j', (argv, error) => {
    expect(() => parseOptions(argv)).toThrow(error);
  });
});
