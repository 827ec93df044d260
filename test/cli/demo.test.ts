/** `strake demo`: the rest, what it prints, and wrong command lines. The scenarios are in test/scenarios. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DemoRecord } from '../../src/cli/demo/record.ts';
import { SCENARIOS } from '../../src/cli/demo/scenarios.ts';
import { REPOSITORY, strake } from './strake.ts';

interface Demo {
  readonly status: number | null;
  readonly records: readonly DemoRecord[];
}

async function demo(...args: readonly string[]): Promise<Demo> {
  const { status, stdout, stderr } = await strake(['demo', ...args, '--json']);
  expect(stderr).toBe('');
  return { status, records: JSON.parse(stdout) as DemoRecord[] };
}

describe('the rest', () => {
  it('replaces every other part under load, with the output unchanged', async () => {
    const { status, records } = await demo('rest');
    const slots = new Set(records.map(({ slot }) => slot));
    for (const slot of [
      'engine',
      'frames',
      'pmap',
      'clock',
      'process',
      'pagecache',
      'ipc',
      'tty',
      'filesystem',
      'vfs',
      'abi',
    ]) {
      expect(slots, slot).toContain(slot);
    }
    for (const record of records) {
      expect(record, JSON.stringify(record)).toMatchObject({ ok: true, replacements: 6, outputIntact: true });
      expect(record.after['output']).toBe(record.before['output']);
      expect(record.pauseMaxNs).toBeGreaterThanOrEqual(record.pauseNs);
    }
    // State that nobody wrote down would have moved no bytes.
    expect(records.find(({ name }) => name === 'process')?.stateMoved).toBeGreaterThan(1000);
    expect(status).toBe(0);
  });

  it('takes a single slot', async () => {
    const { records } = await demo('rest', '--slot', 'ipc');
    expect(records.map(({ name }) => name)).toEqual(['ipc']);
  });
});

describe('what people see', () => {
  it('says what ran, both sides, the replacement and a verdict, and fails when it is no', async () => {
    const good = await strake(['demo', 'features']);
    expect(good).toMatchObject({ status: 0, stderr: '' });
    expect(good.stdout).toMatch(/^features: vm primitive -> cow, scheduler time-sharing -> deadline\n/);
    expect(good.stdout).toContain('programs: embedded (no --root)');
    expect(good.stdout).toMatch(/mmap\(MAP_SHARED\) of a file +ENODEV +works +becomes possible: yes\n/);
    expect(good.stdout).toMatch(/replaced: vm by cow +pause [\d.]+ .s, state by reference\n/);
    expect(good.stdout).toMatch(/\n {2}as claimed: 2 of 2 claims hold\n[^]*: all as claimed\n$/);
    const bad = await strake(['demo', 'features', '--itself']);
    expect(bad).toMatchObject({ status: 1, stderr: '' });
    expect(bad.stdout).toContain(
      '  NOT as claimed: mmap(MAP_SHARED) of a file; sched_setattr(SCHED_DEADLINE)\n',
    );
    expect(bad.stdout).toMatch(/not as claimed: features:vm, features:scheduler\n$/);
  });

  it('says which program a root lacks', async () => {
    const empty = mkdtempSync(path.join(tmpdir(), 'strake-root-'));
    mkdirSync(path.join(empty, 'tmp'));
    const { status, stdout } = await strake(['demo', 'features', '--root', empty]);
    rmSync(empty, { recursive: true });
    expect(status).toBe(0);
    expect(stdout).toContain('programs: embedded (the root has no python3, no chrt)');
  });

  it('prints a page, of tables with as many cells as their heads', async () => {
    const { status, stdout } = await strake(['demo', 'features', '--markdown']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^# The scenarios\n[^]*\n## features\n\n\*After the paper:\* /);
    const rows = stdout.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1);
    expect(stdout).toContain('- Verdict: as claimed.');
  });
});

it('has a chapter of docs/scenarios.md for each scenario, in order, all as claimed', () => {
  const page = readFileSync(path.join(REPOSITORY, 'docs/scenarios.md'), 'utf8');
  const chapters = page.split('\n').filter((line) => line.startsWith('## '));
  expect(chapters).toEqual(SCENARIOS.map(({ name }) => `## ${name}`));
  for (const { paper } of SCENARIOS) expect(page).toContain(`*After the paper:* ${paper}\n`);
  expect(page.match(/^- Verdict: as claimed\.$/gm)).toHaveLength(SCENARIOS.length);
});

describe('wrong command lines', () => {
  it.each([
    ['a name that is none', ['nothing'], 2, 'Allowed choices'],
    ['a scenario that there is not', ['nonesuch'], 2, 'Allowed choices'],
    ['a side for a scenario without', ['rest', '--to', 'basic'], 2, '--to goes with vm, scheduler, ipc, io'],
    ['a slot for a scenario of its own', ['vm', '--slot', 'vm'], 2, '--slot goes with rest'],
    ['two answers to the same question', ['vm', '--itself', '--to', 'cow'], 2, '--itself and --to'],
    ['two ways to print', ['vm', '--json', '--markdown'], 2, 'cannot be used with'],
    ['a shell beside a scenario', ['vm', '--shell'], 2, '--shell'],
    ['a module that is not there', ['scheduler', '--from', 'nope'], 125, "no module 'nope'"],
    ['a root that is not there', ['--root', '/no/such/folder'], 125, '/no/such/folder'],
  ])('%s', async (_name, args, status, message) => {
    const result = await strake(['demo', ...args]);
    expect(result).toMatchObject({ status, stdout: '' });
    expect(result.stderr).toContain(message);
  });
});

describe('--shell', () => {
  it('runs commands from standard input and exits as the shell does', async () => {
    const result = await strake(
      ['demo', '--shell'],
      'modprobe round-robin\nlsmod | grep -c round_robin\nexit 5\n',
    );
    expect(result).toEqual({ status: 5, stdout: '1\n', stderr: '' });
  });
});
