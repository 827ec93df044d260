/** The shell against written expectations and against dash. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guest, haveDash, haveQemu, haveScript, newGuest } from './harness.ts';
import { SHELL_CASES } from './shell-cases.ts';

describe.skipIf(!haveQemu)('sh', () => {
  let guest: Guest;
  beforeAll(() => {
    guest = newGuest();
  });
  afterAll(() => guest.remove());

  it.each(SHELL_CASES)('$name', ({ script, stdout }) => {
    expect(guest.script(script).stdout).toBe(stdout);
  });

  it.skipIf(!haveDash).each(SHELL_CASES.filter((entry) => !entry.own))('as dash: $name', ({ script }) => {
    const { stdout, status } = guest.reference(script);
    expect(guest.script(script)).toMatchObject({ stdout, status });
  });

  it('traces commands on stderr', () => {
    expect(guest.script('set -x; x=1; echo a "b c"').stderr).toBe('+ x=1\n+ echo a b c\n');
  });

  it('runs a script file with arguments, and a file without an interpreter line', () => {
    writeFileSync(join(guest.folder, 'script'), 'echo "$0 $1 $#"; exit 7\n', { mode: 0o755 });
    expect(guest.run('sh', 'script', 'a b', 'c')).toMatchObject({ stdout: 'script a b 2\n', status: 7 });
    expect(guest.run('sh', '-c', './script x; echo $?')).toMatchObject({ stdout: './script x 1\n7\n' });
  });

  it('does not leak memory in a long loop', () => {
    // Resident size in KB, of QEMU with the shell in it.
    const size = 'size() { while read k v u; do [ "$k" = VmRSS: ] && echo $v; done < /proc/$$/status; }';
    const round = 'round() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); set -- $1 "b$i"; v=${v%x}x; done; }';
    const { stdout } = guest.script(`${size}; ${round}; round 1000; size; round 20000; size`);
    const [before = 0, after = Number.POSITIVE_INFINITY] = stdout.trim().split('\n').map(Number);
    expect(after - before).toBeLessThan(1000);
  });

  describe.skipIf(!haveScript)('on a terminal', () => {
    /** Types lines at an interactive shell, with pauses; "^C" and "^Z" are keys. */
    function typed(...lines: string[]): string {
      const keys = lines.map((line) =>
        line === '^C'
          ? "sleep 0.7; printf '\\003'"
          : line === '^Z'
            ? "sleep 0.7; printf '\\032'"
            : `echo '${line}'`,
      );
      const feed = keys.map((key) => `${key}; sleep 0.5`).join('; ');
      const command = `(sleep 0.5; ${feed}; sleep 0.5) | script -qec 'PS1="@ " ${guest.folder}/../bin/sh' /dev/null`;
      const run = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: guest.env, timeout: 60_000 });
      return run.stdout.replaceAll('\r', '');
    }

    it('stops, lists, continues and interrupts jobs', () => {
      const screen = typed('sleep 50', '^Z', 'jobs', 'fg', '^C', 'echo status $?', 'exit');
      expect(screen).toContain('[1] + Stopped     sleep 50\n');
      expect(screen.match(/Stopped/g)).toHaveLength(2);
      expect(screen).toContain('status 130');
    });

    it('survives an interrupted loop and a syntax error', () => {
      const screen = typed(
        'while :; do sleep 0.1; done',
        '^C',
        'fi',
        'for i in 1 2',
        'do echo i$i; done',
        'exit',
      );
      expect(screen).toContain('syntax error: unexpected fi');
      expect(screen).toContain('> do echo');
      expect(screen).toContain('\ni1\ni2\n@ ');
    });
  });
});
