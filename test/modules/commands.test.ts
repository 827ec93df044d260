/**
 * insmod, rmmod, lsmod, modprobe and what they read, as users type them.
 */
import { describe, expect, test } from 'vitest';
import { FAIR, roots, strake } from './harness.ts';

/** If a command failed on a line of its own, its message to where the output goes. */
const SCRIPT = `
run() { if "$@" 2>&1; then echo "$* = 0"; else echo "$* = 1"; fi; }
scheduler() { for m in time_sharing round_robin fair_share; do grep -q "^$m " /proc/modules && echo "runs $m"; done; }
`;

describe.each(roots())('with $name', ({ name, options }) => {
  const busybox = name.includes('busybox');
  const sh = async (script: string, files: Record<string, string | Uint8Array> = {}, user: string[] = []) => {
    const run = await strake([...options, ...user], ['sh', '-c', SCRIPT + script], files);
    return { ...run, lines: run.stdout.trimEnd().split('\n') };
  };

  test('a module file is loaded, shown, and unloaded', async () => {
    const { lines, stderr } = await sh(
      `scheduler
run insmod /m/fair.mjs
scheduler
lsmod | grep -c '^fair_share '
cat /proc/modules | grep '^fair_share '
cat /sys/module/fair_share/version /sys/module/fair_share/initstate /sys/module/fair_share/slot
i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done; echo "counted to $i"
run insmod /m/fair.mjs
run rmmod fair-share
scheduler
run rmmod fair_share
[ -e /sys/module/fair_share ] || echo gone
run insmod /m/fair.mjs
run rmmod fair_share
scheduler`,
      { 'fair.mjs': FAIR },
    );
    expect(lines.filter((line) => !line.includes(': '))).toEqual([
      'runs time_sharing',
      'insmod /m/fair.mjs = 0',
      'runs fair_share',
      '1',
      `fair_share ${FAIR.length} 3 - Live 0x0000000000000000`,
      '1.2.3',
      'live',
      'scheduler',
      'counted to 300',
      'insmod /m/fair.mjs = 1',
      'rmmod fair-share = 0',
      'runs time_sharing',
      'rmmod fair_share = 1',
      'gone',
      'insmod /m/fair.mjs = 0',
      'rmmod fair_share = 0',
      'runs time_sharing',
    ]);
    expect(lines.filter((line) => line.includes(': '))).toEqual([
      expect.stringMatching(/File exists$/),
      expect.stringMatching(/No such file or directory$/),
    ]);
    expect(stderr).toBe('');
  });

  test('modprobe finds what is built in, by either spelling', async () => {
    const { lines, stderr } = await sh(`
run modprobe round-robin
scheduler
run modprobe round_robin
run modprobe -r round_robin
scheduler
run modprobe round_robin
run modprobe -r round-robin
scheduler
run modprobe primitive
grep -c '^primitive ' /proc/modules
echo $(for i in 1 2 3; do echo $i; done)
run modprobe -r primitive
grep -c '^cow ' /proc/modules`);
    expect(lines).toEqual([
      'modprobe round-robin = 0',
      'runs round_robin',
      'modprobe round_robin = 0',
      'modprobe -r round_robin = 0',
      'runs time_sharing',
      'modprobe round_robin = 0',
      'modprobe -r round-robin = 0',
      'runs time_sharing',
      'modprobe primitive = 0',
      '1',
      '1 2 3',
      'modprobe -r primitive = 0',
      '1',
    ]);
    expect(stderr).toBe('');
  });

  test('what can not be done has the errno of Linux', async () => {
    const { lines } = await sh(`
run insmod /m/nowhere.mjs
run rmmod time_sharing
run rmmod nosuch
run modprobe nosuch`);
    expect(lines.map((line) => line.replace(/^(insmod|rmmod|modprobe): .*: /, ''))).toEqual([
      'No such file or directory',
      'insmod /m/nowhere.mjs = 1',
      'Device or resource busy',
      'rmmod time_sharing = 1',
      'No such file or directory',
      'rmmod nosuch = 1',
      expect.stringMatching(/not found in modules.dep$|not in .*\/modules.dep$/),
      'modprobe nosuch = 1',
    ]);
  });

  test('another user may not', async () => {
    const { lines, stderr } = await sh(
      'run insmod /m/fair.mjs; run rmmod time_sharing; run modprobe round-robin; scheduler',
      { 'fair.mjs': FAIR },
      ['--user', '1000'],
    );
    expect(lines.filter((line) => /not permitted/.test(line))).toHaveLength(3);
    expect(lines.filter((line) => / = [1-9]/.test(line))).toHaveLength(3);
    expect(lines.at(-1)).toBe('runs time_sharing');
    expect(stderr).toBe('');
  });

  test.skipIf(!busybox)('modinfo, modprobe -D and -l know the built-in ones', async () => {
    const { lines } = await sh('modinfo round_robin; modprobe -D round-robin; modprobe -l | grep -c ko');
    expect(lines).toEqual([
      'filename:       /lib/modules/6.12.0-strake/kernel/scheduler/round-robin.ko',
      'description:    Every runnable thread in turn for 10 ms; nice is ignored',
      'version:        1.0.0',
      'insmod /lib/modules/6.12.0-strake/kernel/scheduler/round-robin.ko ',
      expect.stringMatching(/^\d\d$/),
    ]);
  });
});
