/** A kernel on a stored disk, in a page or in a worker alike: a root out of an archive, and a script. */
import { Kernel } from '../../src/api/index.ts';
import { browserHost, type StoredDisk } from '../../src/host/browser/index.ts';
import type { MountOption } from '../../src/api/options.ts';

/** Everything below the files is exchanged while they are written. */
const REPLACE = [
  'filesystem=ext2@every:7entries',
  'filesystem=tar@every:11entries',
  'block=fifo@every:13entries',
  'buffercache=lru@every:17entries',
];

/** @param mounts of the disk, which is vda @param end shut the kernel down, which writes back what it has @returns output */
export async function session(
  disk: StoredDisk,
  script: string,
  mounts: readonly MountOption[],
  end: boolean,
): Promise<string> {
  let output = '';
  const decoder = new TextDecoder();
  const archive = await (await fetch('/root.tar.gz')).blob();
  const kernel = await Kernel.boot({
    host: browserHost({
      assets: '/',
      files: { work: disk, 'root.tar.gz': archive },
      onOutput: (_stream, bytes) => (output += decoder.decode(bytes, { stream: true })),
    }),
    root: 'root.tar.gz',
    memory: 128 << 20,
    disks: [{ name: 'vda', file: 'work' }],
    mounts,
    replace: REPLACE,
    transfer: 'copy',
    probation: 0,
    log: (line) => (output += `log: ${line}\n`),
  });
  const shell = await kernel.spawn(['/bin/sh', '-ec', script], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const { code } = await shell.exited;
  output += `exit ${code}\n`;
  if (kernel.stats().replacements.length < 20) output += 'few replacements\n';
  if (end) await kernel.shutdown();
  return output;
}
