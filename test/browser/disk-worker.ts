/** A worker: opens the disk, runs what the page asks for, and lets go of it. */
import { openDisk } from '../../src/host/browser/index.ts';
import { session } from './disk-session.ts';

addEventListener('message', ({ data }: MessageEvent<string>) => {
  const work = async (): Promise<string> => {
    const disk = await openDisk('work');
    try {
      return await session(disk, data, [{ disk: 'vda', guest: '/mnt' }], true);
    } finally {
      await disk.close();
    }
  };
  work().then(postMessage, (error: unknown) => postMessage(`failed: ${String(error)}`));
});
