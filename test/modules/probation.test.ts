/**
 * Bad modules that guests bring: undone on probation, named in the log, and not taken again; the shell goes on.
 */
import { expect, test } from 'vitest';
import { FAIR, strake } from './harness.ts';

/** The scheduler of the fixture, with its operations changed. */
const spoilt = (change: string, version = '1.2.3'): string =>
  `${FAIR.replace('export { fair as default };', '').replace("version: '1.2.3'", `version: '${version}'`)}
let calls = 0;
export default {
  ...fair,
  create(state, kernel) {
    const good = fair.create(state, kernel);
    return { ...good, ${change} };
  },
};`;

const WORK =
  'for n in 1 2 3 4; do i=0; while [ $i -lt 40 ]; do i=$((i + 1)); /bin/true | cat; done & done; wait; echo done';
const SCRIPT = `insmod /m/bad.mjs; echo insmod $?; ${WORK}
grep -o '^fair_share' /proc/modules; grep -o '^time_sharing' /proc/modules
insmod /m/bad.mjs 2> /dev/null; echo again $?; insmod /m/better.mjs; echo better $?; ${WORK}
grep -o '^fair_share' /proc/modules`;
const EXPECTED = 'insmod 0\ndone\ntime_sharing\nagain 1\nbetter 0\ndone\nfair_share\n';

test.each([
  ['throws', 'tick() { if (++calls > 50) throw new Error("no"); good.tick.apply(null, arguments); }', /no$/m],
  [
    'never ends',
    'enqueue(tid) { good.enqueue(tid); if (++calls > 50) for (;;); }',
    /more steps than a kernel entry may/,
  ],
  [
    'hides in catch',
    'enqueue(t) { good.enqueue(t); if (++calls > 50) for (;;) try { for (;;); } catch {} }',
    /more steps/,
  ],
  [
    'recurses for ever',
    'enqueue(t) { good.enqueue(t); const f = () => f() + 1; if (++calls > 50) f(); }',
    /call stack/i,
  ],
  ['forgets threads', 'enqueue(t) { if (++calls < 40 || calls > 60) good.enqueue(t); }', /can run/],
  [
    'picks nobody',
    'pick() { return ++calls > 50 ? 0 : good.pick(); }',
    /picked none though thread \d+ can run/,
  ],
  ['picks who waits', 'pick() { return ++calls > 50 ? 1 : good.pick(); }', /./],
  ['picks who is not there', 'pick() { return ++calls > 50 ? 9999 : good.pick(); }', /picked thread 9999/],
  ['picks a word', 'pick() { return ++calls > 50 ? "x" : good.pick(); }', /./],
  ['starves', 'pick() { const t = good.pick(); return ++calls > 50 ? (state.last ??= t) : t; }', /./],
  ['breaks its state', 'tick(t) { good.tick(t); if (++calls > 50) state.tids.push(0.5); }', /integers/],
])('a scheduler that %s', { timeout: 60_000 }, async (_what, change, reason) => {
  const files = { 'bad.mjs': spoilt(change), 'better.mjs': spoilt('', '1.2.4') };
  const run = await strake([], ['sh', '-c', SCRIPT], files);
  expect(run.stdout).toBe(EXPECTED);
  expect(run.stderr).toMatch(/scheduler\/fair-share 1\.2\.3: undone on probation after \d+ kernel entries: /);
  expect(run.stderr).toMatch(reason);
  expect(run.stderr).toMatch(/refused at check: scheduler\/fair-share 1\.2\.3 failed on probation/);
  expect(run.status).toBe(0);
});

test('a module that never ends when it is evaluated, or made', { timeout: 60_000 }, async () => {
  const files = {
    'evaluated.mjs': `for (;;);\n${FAIR}`,
    'made.mjs': spoilt('x: (() => { for (;;); })()'),
    'checked.mjs': `${FAIR.replace('export { fair as default };', '')}export default { ...fair, selfTest() { for (;;); } };`,
    'good.mjs': FAIR,
  };
  const script =
    'for f in evaluated made checked good; do insmod /m/$f.mjs 2> /dev/null; echo $f $?; done; echo on; grep -o ^fair_share /proc/modules';
  const run = await strake([], ['sh', '-c', script], files);
  expect(run.stdout).toBe('evaluated 1\nmade 1\nchecked 1\ngood 0\non\nfair_share\n');
  expect(run.stderr.match(/more than \d+ steps/g)).toHaveLength(3);
});

test('once its probation is over, a module that never ends ends the run, with its reason', {
  timeout: 60_000,
}, async () => {
  const bad = spoilt('enqueue(t) { good.enqueue(t); if (++calls > 400) for (;;); }');
  const run = await strake(['--probation', '20'], ['sh', '-c', `insmod /m/bad.mjs; ${WORK}`], {
    'bad.mjs': bad,
  });
  expect(run.stdout).not.toContain('done');
  expect(run.stderr).toMatch(/more than \d+ steps in one kernel entry/);
  expect(run.status).not.toBe(0);
});
