/** Debian's programs that are about scheduling: cyclictest, chrt, nice, renice, taskset. */
import { describe, expect, it } from 'vitest';
import { type GuestRun, runGuest } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';

const root = debianRoot('--busybox-links', 'busybox-static', 'util-linux', 'rt-tests', 'bash', 'coreutils');

const run = (scheduler: string, script: string): Promise<GuestRun> =>
  runGuest(['/bin/bash', '-c', script], {
    root: root as string,
    deterministic: true,
    modules: { scheduler },
  });

const HOGS = 'for i in 1 2 3; do (while :; do :; done) & done';
const cyclictest = (policy: string): string =>
  `${HOGS}; cyclictest -q -t1 -i 10000 -l 50 -h 100 ${policy} 2>/dev/null; kill $(jobs -p)`;

/** Wake-ups of cyclictest's thread: how many were within 100 us, how many not, and the worst in us. */
function histogram(stdout: string): { within: number; beyond: number; worst: number } {
  const counts = [...stdout.matchAll(/^\d{6} (\d{6})$/gm)].map(([, count]) => Number(count));
  return {
    within: counts.reduce((sum, count) => sum + count, 0),
    beyond: Number(/Overflows: (\d+)/.exec(stdout)?.[1]),
    worst: Number(/Max Latencies: (\d+)/.exec(stdout)?.[1]),
  };
}

describe.skipIf(root === null)('on a Debian root', { timeout: 120_000 }, () => {
  it('cyclictest finds wake-ups late as a normal thread beside busy ones, and none late as a real-time one', async () => {
    const normal = histogram((await run('fair', cyclictest('--policy=other'))).stdout);
    expect(normal.within + normal.beyond).toBe(50);
    expect(normal.beyond).toBeGreaterThan(10);
    expect(normal.worst).toBeGreaterThan(3000);
    for (const scheduler of ['fair', 'deadline']) {
      const realtime = histogram((await run(scheduler, cyclictest('-p 80'))).stdout);
      expect([realtime.within, realtime.beyond]).toEqual([50, 0]);
      expect(realtime.worst).toBeLessThan(20);
    }
  });

  it('cyclictest says so where there are no real-time policies, until a module is loaded', async () => {
    const script = 'cyclictest -q -l 5 -p 80; echo $?; modprobe deadline; cyclictest -q -i 2000 -l 5 -p 80';
    const { stdout } = await run('round-robin', script);
    expect(stdout).toMatch(/^1\nT: 0 \( *\d+\) P:80 I:2000 C: +5 Min: +\d+ Act: +\d+ Avg: +\d+ Max: +\d+\n$/);
  });

  it('chrt sets and shows each policy', async () => {
    const show = `bash -c 'chrt -p $$ | cut -d" " -f4-'`;
    const script = [
      `chrt -f 10 ${show}`,
      `chrt -r 20 ${show}`,
      `chrt -b 0 ${show}`,
      `chrt -i 0 ${show}`,
      `chrt -R -d -T 1000000 -D 5000000 -P 10000000 0 ${show}`,
      'chrt -d -T 9900000 -P 10000000 0 true; echo $?',
      'chrt -f 100 true; echo $?',
      'chrt -m | head -3',
      'setpriv --reuid 1000 --clear-groups chrt -f 1 true; echo $?; setpriv --reuid 1000 --clear-groups chrt -b 0 true; echo $?',
    ].join('; ');
    const { stdout, stderr } = await run('deadline', script);
    expect(stdout.split('\n')).toEqual([
      'scheduling policy: SCHED_FIFO',
      'scheduling priority: 10',
      'scheduling policy: SCHED_RR',
      'scheduling priority: 20',
      'scheduling policy: SCHED_BATCH',
      'scheduling priority: 0',
      'scheduling policy: SCHED_IDLE',
      'scheduling priority: 0',
      'scheduling policy: SCHED_DEADLINE|SCHED_RESET_ON_FORK',
      'scheduling priority: 0',
      'runtime/deadline/period parameters: 1000000/5000000/10000000',
      '1',
      '1',
      'SCHED_OTHER min/max priority\t: 0/0',
      'SCHED_FIFO min/max priority\t: 1/99',
      'SCHED_RR min/max priority\t: 1/99',
      '1',
      '0',
      '',
    ]);
    expect(stderr).toMatch(/Device or resource busy[^]*Operation not permitted/);
  });

  it('nice, renice and taskset do what they do on Linux', async () => {
    const script = [
      'nice; nice -n 5 nice; nice -n -5 nice; nice -n 40 nice',
      'sleep 9 & P=$!; renice -n 7 -p $P; ps -o ni= -p $P 2>/dev/null || cut -d" " -f19 /proc/$P/stat',
      'chrt -f -p 30 $P 2>/dev/null; cut -d" " -f18,19,40,41 /proc/$P/stat; kill $P',
      'taskset -p $$ | cut -d" " -f3-; taskset -c 0 echo zero; taskset 2 true; echo $?; nproc',
    ].join('; ');
    const { stdout } = await run('fair', script);
    expect(stdout.split('\n').map((line) => line.trim())).toEqual([
      '0',
      '5',
      '-5',
      '19',
      '7',
      '-31 7 30 1',
      'current affinity mask: 1',
      'zero',
      '1',
      '1',
      '',
    ]);
  });
});
