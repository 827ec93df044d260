/** The tools against written expectations and against the host's coreutils. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guest, haveDash, haveQemu, manifest, newGuest } from './harness.ts';

/** Scripts that do the same with any coreutils; `stdout` is written by hand. */
const CASES: readonly { readonly name: string; readonly script: string; readonly stdout: string }[] = [
  {
    name: 'files and folders',
    script: `mkdir -p a/b/c; echo one > a/1; echo two > a/b/2; cp -r a z; mv z y; cat y/1 y/b/2; ls; ls -R a; rm -r y
rm nope 2>/dev/null; echo $?; rm -f nope; echo $?; mkdir a 2>/dev/null; echo $?; rmdir a 2>/dev/null; echo $?; ls`,
    stdout: 'one\ntwo\na\ny\na:\n1\nb\n\na/b:\n2\nc\n\na/b/c:\n1\n0\n1\n1\na\n',
  },
  {
    name: 'links and modes',
    script: `echo x > f; ln -s f s; ln f h; stat -c '%s %h %F' f s; cat s; chmod 640 f; stat -c %a f; chmod u+x,o=r f
stat -c '%a %A' f; touch -d @1000 f; stat -c %Y h; cp -p f g; stat -c '%a %Y' g; ls -l f | cut -c1-10`,
    stdout: '2 2 regular file\n1 1 symbolic link\nx\n640\n744 -rwxr--r--\n1000\n744 1000\n-rwxr--r--\n',
  },
  {
    name: 'text',
    script: `seq 20 > n; head -n 2 n; head -1 n; tail -n 2 n; tail -3 n | head -c 3; wc -l < n; cat n | wc -c; seq 2 2 6; seq 3 -1 1
tee copy < n | tail -n 1; cat - copy < n | wc -l; basename /a/b.c .c; dirname /a/b/c; dirname x; basename /`,
    stdout: '1\n2\n1\n19\n20\n18\n20\n51\n2\n4\n6\n3\n2\n1\n20\n40\nb\n/a/b\n.\n/\n',
  },
  {
    name: 'sort',
    script: `printf 'b 2\\na 10\\nc 1\\na 10\\n' > s; sort s; sort -r s | head -1; sort -u s | wc -l; sort -k 2 -n s | head -1
printf '10\\n9\\n-1\\n' | sort -n; printf 'b\\nA\\nC\\n' | sort -f`,
    stdout: 'a 10\na 10\nb 2\nc 1\nc 1\n3\nc 1\n-1\n9\n10\nA\nb\nC\n',
  },
  {
    name: 'grep',
    script: `printf 'alpha 1\\nbeta 22\\nGamma\\n' > g; grep a g; grep -v a g; grep -c a g; grep -n '^[ab]' g; grep -E 'be|Ga' g
grep -i gamma g; grep -q zzz g; echo $?; grep -F . g; echo $?; grep 'a.*2$' g; grep -o '[0-9]*' g; grep 'm\\+' g
grep -x Gamma g; grep -l beta g nope 2>/dev/null; echo $?; grep -e '-' g; echo $?; grep '[^a-z 0-9]' g`,
    stdout:
      'alpha 1\nbeta 22\nGamma\n3\n1:alpha 1\n2:beta 22\nbeta 22\nGamma\nGamma\n1\n1\nbeta 22\n1\n22\nGamma\nGamma\ng\n2\n1\nGamma\n',
  },
  {
    name: 'dates',
    script: `date -u -d @1700000000 '+%F %T %a %b %j'; date -u -d @951782400 +%F; date -u -d @-1 +%Y-%m-%d; date -u -d @4107542400 +%F`,
    stdout: '2023-11-14 22:13:20 Tue Nov 318\n2000-02-29\n1969-12-31\n2100-03-01\n',
  },
  {
    name: 'env, kill, true, false',
    script: `env -i A=1 /usr/bin/env | sort | head -1; kill -l 9; true; echo $?; false; echo $?; env B=2 sh -c 'echo $B'`,
    stdout: 'A=1\nKILL\n0\n1\n2\n',
  },
  {
    name: 'nice',
    script: `nice -n 5 nice -n 3 nice; nice nice; nice nope 2>/dev/null; echo $?; nice -n 1 sh -c 'exit 3'; echo $?`,
    stdout: '8\n10\n127\n3\n',
  },
];

describe.skipIf(!haveQemu)('toolbox', () => {
  let guest: Guest;
  beforeAll(() => {
    guest = newGuest();
  });
  afterAll(() => guest.remove());

  it.each(CASES)('$name', ({ script, stdout }) => {
    expect(guest.script(script).stdout).toBe(stdout);
  });

  it.skipIf(!haveDash).each(CASES)('as coreutils: $name', ({ script }) => {
    expect(guest.script(script).stdout).toBe(guest.reference(script).stdout);
  });

  it('names every tool that the manifest links to it', () => {
    const linked = manifest.symlinks.filter((link) => link.path.startsWith('/bin/'));
    const names = guest.run('toolbox').stdout.trim().split('\n').sort();
    expect(linked.map((link) => link.path.slice('/bin/'.length)).sort()).toEqual(names);
  });

  it('lists processes with their command lines', () => {
    const { stdout } = guest.run('ps');
    expect(stdout.slice(0, 60)).toMatch(/^ +PID +PPID +PGID S +TIME +SIZE_KB COMMAND\n/);
    // A plain boolean, so that a failure does not print what else runs on this machine.
    expect(stdout.split('\n').some((line) => /^ *\d+ +\d+ +\d+ . .* ps$/.test(line))).toBe(true);
  });

  it('says which system it runs on', () => {
    expect(guest.run('uname').stdout).toBe('Linux\n');
    expect(guest.run('uname', '-sm').stdout).toBe('Linux riscv64\n');
  });

  it('passes errors of the module system calls on', () => {
    // QEMU in user mode has no module system calls at all, which is what makes this safe to run.
    expect(guest.script('echo x > m.ko; insmod m.ko')).toMatchObject({
      status: 1,
      stderr: 'insmod: m.ko: Function not implemented\n',
    });
    expect(guest.run('rmmod', 'some-module')).toMatchObject({ status: 1 });
    expect(guest.run('modprobe', 'none').stderr).toContain('modules.dep: No such file or directory');
  });

  it('lists modules as /proc/modules has them', () => {
    const root = join(guest.folder, 'root');
    mkdirSync(join(root, 'proc'), { recursive: true });
    const lines = 'sched_edf 4096 0 - Live 0x0\nvm_mapped 8192 2 a_user,b_user, Live 0x0\n';
    writeFileSync(join(root, 'proc/modules'), lines);
    expect(guest.runIn(root, '6.0-test', 'lsmod').stdout).toBe(
      'Module                       Size  Used by\n' +
        'sched_edf                    4096  0\n' +
        'vm_mapped                    8192  2 a_user,b_user\n',
    );
  });

  it('loads dependencies first, whichever way the name is spelt', () => {
    const root = join(guest.folder, 'root');
    const folder = join(root, 'lib/modules/6.0-test');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'modules.dep'), 'x/other.ko:\nx/my-module.ko: x/middle.ko x/deep.ko\n');
    for (const name of ['my-module', 'my_module']) {
      // The deepest dependency is the first to be tried, and here the first to fail.
      expect(guest.runIn(root, '6.0-test', 'modprobe', name)).toMatchObject({
        status: 1,
        stderr: 'modprobe: /lib/modules/6.0-test/x/deep.ko: No such file or directory\n',
      });
    }
    expect(guest.runIn(root, '6.0-test', 'modprobe', 'nope').stderr).toContain('nope: not in /lib/modules');
  });

  it('explains wrong use', () => {
    expect(guest.run('ls', '-Z')).toMatchObject({ status: 1, stderr: 'ls: unknown option -Z\n' });
    expect(guest.run('cat', 'nope')).toMatchObject({
      status: 1,
      stderr: 'cat: nope: No such file or directory\n',
    });
    expect(guest.run('cp', 'one').stderr).toContain('usage: cp');
  });

  it('ends by SIGPIPE without a word when the reader is gone', () => {
    expect(guest.script('seq 100000 | head -n 1')).toMatchObject({ stdout: '1\n', stderr: '', status: 0 });
  });
});
