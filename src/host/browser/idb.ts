/**
 * IndexedDB as promises: a database of the blocks of one disk. Knows no kernel.
 *
 * A block is a record with its index as the key; one that is all zeros is absent. A database without the record of its
 * size was never finished, and is as good as none.
 */

/** Bytes of a block. */
export const BLOCK = 4096;

const PREFIX = 'strake-disk:';
const BLOCKS = 'blocks';
const ABOUT = 'about';
const SIZE = 'size';

interface BlockRecord {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = (): void => resolve(request.result);
    request.onerror = (): void => reject(request.error ?? new Error('IndexedDB failed'));
  });

const completed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = (): void => resolve();
    transaction.onabort = (): void => reject(transaction.error ?? new Error('IndexedDB gave a change up'));
  });

/** Open the database of a disk, which is made if it is not there. */
export function openBlocks(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(PREFIX + name, 1);
  request.onupgradeneeded = (): void => {
    request.result.createObjectStore(BLOCKS, { keyPath: 'at' });
    request.result.createObjectStore(ABOUT);
  };
  return settled(request);
}

export async function deleteBlocks(name: string): Promise<void> {
  await settled(indexedDB.deleteDatabase(PREFIX + name));
}

/** @returns the size that was recorded, in bytes, or null */
export async function readSize(database: IDBDatabase): Promise<number | null> {
  const size: unknown = await settled(database.transaction(ABOUT).objectStore(ABOUT).get(SIZE));
  return typeof size === 'number' ? size : null;
}

/** Record the size, when all blocks that are to be there are. */
export function writeSize(database: IDBDatabase, size: number): Promise<void> {
  const transaction = database.transaction(ABOUT, 'readwrite', { durability: 'strict' });
  transaction.objectStore(ABOUT).put(size, SIZE);
  return completed(transaction);
}

/** The blocks from `first` to `last` that there are. */
export async function readBlocks(
  database: IDBDatabase,
  first: number,
  last: number,
): Promise<readonly BlockRecord[]> {
  const store = database.transaction(BLOCKS).objectStore(BLOCKS);
  return (await settled(store.getAll(IDBKeyRange.bound(first, last)))) as BlockRecord[];
}

/** Change blocks, all or none. Resolves when they are durable. @param clear no others are to be left */
export function writeBlocks(
  database: IDBDatabase,
  blocks: ReadonlyMap<number, Uint8Array>,
  clear = false,
): Promise<void> {
  const transaction = database.transaction(BLOCKS, 'readwrite', { durability: 'strict' });
  const store = transaction.objectStore(BLOCKS);
  if (clear) store.clear();
  for (const [at, bytes] of blocks) {
    if (bytes.every((byte) => byte === 0)) store.delete(at);
    else store.put({ at, bytes } satisfies BlockRecord);
  }
  return completed(transaction);
}
