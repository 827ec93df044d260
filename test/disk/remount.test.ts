/** mount(2) with MS_REMOUNT, kinds of propagation and noatime, as busybox's mount asks for them. */
import { describe, expect, test } from 'vitest';
import { complaints, debugfs } from '../support/e2fsprogs.ts';
import { image, root, runScript } from './support.ts';

describe.skipIf(root === null)('mount', { timeout: 120_000 }, () => {
  test('is made writable and read-only again, which leaves the disk as one that was unmounted', async () => {
    const file = image(1024);
    const fixed = image(1024);
    const { stdout, stderr, status } = await runScript(
      `mkdir /m /f; mount -t ext2 -o ro /dev/vda /m; mount -t ext2 /dev/vdb /f
state() { grep -E '^/dev/vd[ab]' /proc/mounts | cut -d' ' -f2,4 | tr '\\n' ' '; echo; }
no() { "$@" 2>/tmp/why && echo "unexpected: $*" || sed 's/.*: //' /tmp/why; }
state; no touch /m/a
mount -o remount,rw /m; state; echo one >/m/a; exec 3>/m/b; no mount -o remount,ro /m; exec 3>&-
exec 4</m/a; rm /m/a; no mount -o remount,ro /m; exec 4<&-; echo two >/m/c
mount -o remount,ro /m; state; no touch /m/d; cat /m/c
debugfs -R 'show_super_stats -h' /dev/vda 2>/dev/null | grep 'Filesystem state'
mount -o remount,ro /m; mount -o remount,rw /m; echo three >>/m/c; mount -o remount,ro /m; cat /m/c
no mount -o remount,rw /f`,
      {
        disks: [
          { name: 'vda', file },
          { name: 'vdb', file: fixed, readOnly: true },
        ],
      },
    );
    expect(stdout.split('\n')).toEqual([
      '/m ro /f ro ',
      'Read-only file system',
      '/m rw /f ro ',
      'Device or resource busy',
      'Device or resource busy',
      '/m ro /f ro ',
      'Read-only file system',
      'two',
      expect.stringMatching(/^Filesystem state: +clean$/),
      'two',
      'three',
      'Permission denied',
      '',
    ]);
    expect([stderr, status]).toEqual(['', { code: 0, signal: 0 }]);
    expect(complaints(file)).toBe('');
    expect(debugfs(file, 'cat /c')).toContain('two\nthree\n');
  });

  test('takes one kind of propagation for what is a mount, and noatime', async () => {
    const { stdout, stderr } = await runScript(
      `mkdir /m; for kind in shared rshared private rprivate slave rslave unbindable runbindable; do
mount --make-$kind / || echo $kind; done; mount --make-shared /m 2>&1 | sed 's/.*: //'
mount -t tmpfs -o noatime none /m; grep ' /m ' /proc/mounts; mount --make-private /m`,
    );
    expect([stdout, stderr]).toEqual(['Invalid argument\nnone /m tmpfs rw,noatime 0 0\n', '']);
  });
});
