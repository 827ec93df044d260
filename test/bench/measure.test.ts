/** Rounds, medians and comparison of outputs, on systems that are made up. */
import { describe, expect, it } from 'vitest';
import { type Job, Unavailable } from '../../bench/build.ts';
import { type Bench, type Measured, measure, median } from '../../bench/measure.ts';
import type { System } from '../../bench/systems.ts';
import { row } from './figures.ts';

const SYSTEMS: readonly System[] = ['slow', 'fast'].map((name) => ({
  name,
  practice: 0,
  command: ({ guest, args }) => [name, guest, ...args],
}));

const job = (guest: string, args: readonly string[]): Job => ({
  native: null,
  guest,
  root: null,
  folder: null,
  args,
  cpu: null,
  launches: false,
});

/** @param output what a command puts out @param seconds how long it takes, by how many came before it */
function measured(
  names: readonly string[],
  output: (command: readonly string[]) => string,
  seconds: (at: number) => number = () => 1,
  systems = SYSTEMS,
): Measured & { readonly commands: readonly string[] } {
  const commands: string[] = [];
  const bench: Bench = {
    build: ({ name }, work) => {
      if (name === 'rootless') throw new Unavailable('no root');
      return job(name, [String(work)]);
    },
    run: (command) => {
      commands.push(command.join(' '));
      return { seconds: seconds(commands.length - 1), text: output(command) };
    },
  };
  const plan = {
    rows: names.map((name) => row(name)),
    systems,
    rounds: 3,
    percent: 20,
    timing: 'clock',
    scratch: '',
    progress: () => {},
  } as const;
  return { ...measure(plan, bench), commands };
}

describe('measuring', () => {
  it('counts no run of those before, but their output', () => {
    const practising = SYSTEMS.map((system) => ({ ...system, practice: system.name === 'fast' ? 2 : 0 }));
    const times = [90, 90, 10, 1, 30, 3, 20, 8];
    const { results, commands } = measured(
      ['walk'],
      () => 'sum',
      (at) => times[at] as number,
      practising,
    );
    expect(commands.slice(0, 3)).toEqual(['fast walk 20', 'fast walk 20', 'slow walk 20']);
    expect(results[0]?.seconds).toEqual({ slow: 20, fast: 3 });
    let runs = 0;
    const wrong = measured(
      ['walk'],
      () => String(runs++),
      () => 1,
      practising,
    );
    expect(wrong.missing[0]?.failed).toBe(true);
  });

  it('runs systems in turn, with a part of the work, and takes medians', () => {
    const { results, missing, commands } = measured(
      ['walk'],
      () => 'sum',
      (at) => [10, 1, 30, 3, 20, 8][at] as number,
    );
    expect(commands).toEqual([
      'slow walk 20',
      'fast walk 20',
      'slow walk 20',
      'fast walk 20',
      'slow walk 20',
      'fast walk 20',
    ]);
    expect(results).toEqual([
      { name: 'walk', group: 'programs', floating: false, seconds: { slow: 20, fast: 3 } },
    ]);
    expect(missing).toEqual([]);
  });

  it('fails a row whose systems do not agree, and goes on', () => {
    const { results, missing } = measured(['walk', 'run'], ([system, guest]) =>
      guest === 'walk' ? `by ${system}` : 'same',
    );
    expect(missing).toEqual([
      { name: 'walk', reason: 'fast put out "by fast", slow "by slow"', failed: true },
    ]);
    expect(results.map(({ name }) => name)).toEqual(['run']);
  });

  it('fails a row that puts out nothing, for that would agree with anything', () => {
    expect(measured(['walk'], () => '').missing).toEqual([
      { name: 'walk', reason: 'it put out nothing', failed: true },
    ]);
  });

  it('names the system that could not run it', () => {
    const broken = ([system]: readonly string[]): string => {
      if (system === 'fast') throw new Error('ended with 1: no such call');
      return 'sum';
    };
    expect(measured(['walk'], broken).missing).toEqual([
      { name: 'walk', reason: 'fast: ended with 1: no such call', failed: true },
    ]);
  });

  it('leaves out what can not be had, which is no failure', () => {
    expect(measured(['rootless'], () => 'sum').missing).toEqual([
      { name: 'rootless', reason: 'no root', failed: false },
    ]);
  });

  it('takes the mean of the middle two of an even number', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });
});
