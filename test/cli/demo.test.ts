/** `strake demo`: its records are right where policies differ, and say so where they do not. */
import { describe, expect, it } from 'vitest';
import type { DemoRecord } from '../../src/cli/demo/record.ts';
import { strake } from './strake.ts';

interface Demo {
  readonly status: number | null;
  readonly records: readonly DemoRecord[];
}

async function demo(...args: readonly string[]): Promise<Demo> {
  const { status, stdout, stderr } = await strake(['demo', ...args, '--json']);
  expect(stderr).toBe('');
  return { status, records: JSON.parse(stdout) as DemoRecord[] };
}

describe('policies', () => {
  it('shows one scheduler from another', async () => {
    const { status, records } = await demo('scheduler');
    expect(records).toHaveLength(1);
    const [record] = records as [DemoRecord];
    expect(record, JSON.stringify(record)).toMatchObject({
      name: 'scheduler',
      ok: true,
      slot: 'scheduler',
      from: 'round-robin',
      to: 'time-sharing',
      outputIntact: true,
    });
    expect(record.pauseNs).toBeGreaterThan(0);
    // The verdict follows from the figures.
    expect(record.after['latencyMedianUs']).toBeLessThan(Number(record.before['latencyMedianUs']) / 2);
    expect(record.after['shareNice0']).toBeGreaterThan(Number(record.after['shareNice10']) * 2);
    expect(status).toBe(0);
  });

  it('shows one vm from another', async () => {
    const { status, records } = await demo('vm');
    const [record] = records as [DemoRecord];
    expect(record, JSON.stringify(record)).toMatchObject({
      ok: true,
      from: 'primitive',
      to: 'cow',
      outputIntact: true,
    });
    expect(record.before['mapShared']).toBe('ENODEV');
    expect(record.after['mapShared']).toBe('works');
    expect(status).toBe(0);
  });

  it.each([
    ['scheduler', 'round-robin'],
    ['vm', 'primitive'],
  ])('says that %s replaced by itself changes nothing', async (name, module) => {
    const { status, records } = await demo(name, '--to', module);
    expect(records[0], JSON.stringify(records[0])).toMatchObject({
      ok: false,
      from: module,
      to: module,
      outputIntact: true,
    });
    expect(status).toBe(1);
  });
});

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
    const { records } = await demo('ipc');
    expect(records.map(({ name }) => name)).toEqual(['ipc']);
  });
});

describe('wrong command lines', () => {
  it.each([
    ['a name that is none', ['nothing'], 2, 'Allowed choices'],
    ['sides for a slot without policies', ['ipc', '--to', 'basic'], 2, '--from and --to'],
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
