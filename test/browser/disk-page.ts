/** The page: three visits to one disk. After the first it is reloaded with nothing but `sync` behind it. */
import { openDisk, removeDisk, type StoredDisk } from '../../src/host/browser/index.ts';
import { session } from './disk-session.ts';

const MAKE = `mkfs.ext2 -q /dev/vda; mkdir /mnt; mount -t ext2 /dev/vda /mnt; cd /mnt
mkdir d; for i in 1 2 3 4 5 6 7 8; do seq 1 $((i * 400)) >d/$i; done
sqlite3 db 'create table t(a); insert into t select value from generate_series(1, 500); select sum(a) from t;'
ln d/8 same; ln -s d/7 far; mv d/1 d/one; rm d/2; cat d/* same far | md5sum; sync; echo unsynced >late`;
const AGAIN = `cd /mnt; cat d/* same far | md5sum; ls d; sqlite3 db 'pragma integrity_check; select sum(a) from t;'
echo more >d/more; rm d/3; cat /proc/mounts | grep ext2`;

const post = (path: string, body: BodyInit): Promise<unknown> => fetch(path, { method: 'POST', body });
const saved = (): Record<string, unknown> =>
  JSON.parse(sessionStorage.getItem('result') ?? '{}') as Record<string, unknown>;
const save = (more: Record<string, unknown>): void =>
  sessionStorage.setItem('result', JSON.stringify({ ...saved(), ...more }));

const ask = (worker: Worker, script: string): Promise<string> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<string>): void => resolve(data);
    worker.onerror = ({ message }): void => reject(new Error(message));
    worker.postMessage(script);
  });

const because = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'it went well',
    (error: unknown) => String((error as Error).message),
  );

const digest = async (blob: Blob): Promise<string> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())).join();

/** What a full store does to writes and flushes, and to what was written. */
async function fullStore(disk: StoredDisk): Promise<unknown[]> {
  const place = { grant: 0, path: '', offset: 8192 } as const;
  const { put } = IDBObjectStore.prototype;
  const answers: unknown[] = [];
  const flush = async (): Promise<number> =>
    (await disk.perform({ kind: 'flush', grant: 0, path: '' })).errno;
  IDBObjectStore.prototype.put = (): never => {
    throw new DOMException('no room', 'QuotaExceededError');
  };
  answers.push((await disk.perform({ kind: 'write', ...place, bytes: new Uint8Array(700).fill(7) })).errno);
  answers.push(await flush());
  IDBObjectStore.prototype.put = put;
  answers.push(await flush());
  const { bytes } = await disk.perform({ kind: 'read', ...place, length: 1024 });
  answers.push(bytes?.[699], bytes?.[700]);
  answers.push((await disk.perform({ kind: 'read', ...place, offset: disk.size, length: 512 })).errno);
  return answers;
}

async function first(): Promise<void> {
  const durabilities = new Set<string>();
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args): IDBTransaction {
    if (args[1] === 'readwrite') durabilities.add(String(args[2]?.durability));
    return transaction.apply(this, args);
  };
  const disk = await openDisk('work', { bytes: 24 << 20 });
  save({ made: await session(disk, MAKE, [], false), durabilities: [...durabilities] });
  location.search = '?second';
}

async function second(): Promise<void> {
  const disk = await openDisk('work', { bytes: 1 });
  save({ size: disk.size, busy: await because(openDisk('work')) });
  await post('/synced', await disk.export());
  await disk.close();
  const worker = new Worker('/worker.js', { type: 'module' });
  save({ again: await ask(worker, AGAIN) });
  worker.terminate();
  location.search = '?third';
}

async function third(): Promise<void> {
  const disk = await openDisk('work');
  const image = await disk.export();
  await post('/image', image);
  const copy = await openDisk('copy', { image });
  save({
    copied: (await digest(image)) === (await digest(await copy.export())),
    full: await fullStore(copy),
  });
  await disk.close();
  await copy.close();
  await removeDisk('work');
  save({ gone: await because(openDisk('work')) });
  await post('/result', JSON.stringify(saved()));
}

const stage = { '': first, '?second': second, '?third': third }[location.search] as () => Promise<void>;
stage().catch((error: unknown) =>
  post('/result', JSON.stringify({ ...saved(), error: String((error as Error).stack ?? error) })),
);
