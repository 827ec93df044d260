/**
 * A disk that outlives the page: blocks in IndexedDB, which pages and workers have alike.
 *
 * It has a write cache, as drives do: what was written is gathered in memory and reaches the database in one transaction
 * at a flush, after a second, or when it is much. A flush is answered when the browser says that the transaction is
 * durable, so what is stored is always the disk as it was at some moment between two writes. One realm at a time has
 * a disk open, which a Web Lock sees to. Knows no kernel.
 */
import { EINVAL, EIO, ENOSPC } from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult } from '../../contracts/host.ts';
import { BLOCK, deleteBlocks, openBlocks, readBlocks, readSize, writeBlocks, writeSize } from './idb.ts';

export interface StoredDiskOptions {
  /** Size of a disk that is made; one that is there keeps its own. */
  readonly bytes?: number;
  /** What a disk that is made begins with; its size, too, unless `bytes` is more. */
  readonly image?: Uint8Array | Blob;
}

const OK: HostResult = { errno: 0 };
/** Blocks that wait in memory at most: 8 MiB. */
const MOST_WAITING = 2048;
/** Blocks read or written at once where all of a disk is. */
const STRETCH = 1024;
const WRITE_BACK_MS = 1000;
/** How long a page that goes may keep its lock. */
const LOCK_MS = 3000;

/** Open a disk by its name, or make it. Rejects with a message that names the disk. */
export async function openDisk(name: string, options: StoredDiskOptions = {}): Promise<StoredDisk> {
  const unlock = await lock(name);
  try {
    const database = await openBlocks(name);
    const size = (await readSize(database)) ?? (await format(database, name, options));
    return new StoredDisk(name, size, database, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Remove a disk with all that is on it. Rejects if it is open. */
export async function removeDisk(name: string): Promise<void> {
  const unlock = await lock(name);
  try {
    await deleteBlocks(name);
  } finally {
    unlock();
  }
}

/** Have a disk to oneself. @returns how to give it back */
async function lock(name: string): Promise<() => void> {
  // Its type says that it is always there.
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined)
    throw new Error(`disk ${name}: disks are kept for pages from https: or localhost only`);
  const { promise: held, resolve: unlock } = settler();
  const { promise: taken, resolve, reject } = settler();
  locks
    .request(`strake-disk:${name}`, { signal: AbortSignal.timeout(LOCK_MS) }, () => {
      resolve();
      return held;
    })
    .catch(() => reject(new Error(`disk ${name} is open in another page or worker`)));
  await taken;
  return unlock;
}

function settler(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Write a fresh disk's first content. @returns its size */
async function format(database: IDBDatabase, name: string, options: StoredDiskOptions): Promise<number> {
  const image = options.image === undefined ? null : new Blob([options.image as BlobPart]);
  const size = Math.max(options.bytes ?? 0, image?.size ?? 0);
  if (!Number.isSafeInteger(size) || size < 512)
    throw new Error(`there is no disk ${name}; to make one, say how many bytes it has, or give an image`);
  await writeBlocks(database, new Map(), true);
  for (let at = 0; image !== null && at < image.size; at += STRETCH * BLOCK) {
    const bytes = new Uint8Array(await image.slice(at, at + STRETCH * BLOCK).arrayBuffer());
    const blocks = new Map<number, Uint8Array>();
    for (let done = 0; done < bytes.length; done += BLOCK) {
      const block = new Uint8Array(BLOCK);
      block.set(bytes.subarray(done, done + BLOCK));
      blocks.set((at + done) / BLOCK, block);
    }
    await writeBlocks(database, blocks);
  }
  await writeSize(database, size);
  return size;
}

export class StoredDisk {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly #database: IDBDatabase;
  readonly #unlock: () => void;
  /** Blocks that are newer than the database's. */
  readonly #waiting = new Map<number, Uint8Array>();
  #timer = 0;
  /** The end of all that was asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Use `openDisk`. */
  constructor(name: string, size: number, database: IDBDatabase, unlock: () => void) {
    this.name = name;
    this.size = size;
    this.#database = database;
    this.#unlock = unlock;
  }

  /** One after the other, in the order in which they came. Never rejects: what goes wrong is the result's errno. */
  perform(request: HostRequest): Promise<HostResult> {
    return this.#next(() => this.#carryOut(request)).catch((error: unknown) => ({ errno: -errnoOf(error) }));
  }

  /** All of the disk, with what was written so far. */
  export(): Promise<Blob> {
    return this.#next(async () => {
      await this.#commit();
      const parts: BlobPart[] = [];
      for (let at = 0; at < this.size; at += STRETCH * BLOCK)
        parts.push((await this.#read(at, Math.min(STRETCH * BLOCK, this.size - at))) as BlobPart);
      return new Blob(parts);
    });
  }

  /** Store what waits and let go of the disk. Rejects if it could not be stored. */
  close(): Promise<void> {
    return this.#next(async () => {
      try {
        await this.#commit();
      } finally {
        this.#closed = true;
        this.#database.close();
        this.#unlock();
      }
    });
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#closed) throw new Error(`disk ${this.name} is closed`);
      return act();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async #carryOut(request: HostRequest): Promise<HostResult> {
    switch (request.kind) {
      case 'read':
        if (request.offset + request.length > this.size) return { errno: -EIO };
        return { errno: 0, bytes: await this.#read(request.offset, request.length) };
      case 'write':
        if (request.offset + request.bytes.length > this.size) return { errno: -EIO };
        await this.#write(request.offset, request.bytes);
        return OK;
      case 'flush':
        await this.#commit();
        return OK;
      default:
        return { errno: -EINVAL };
    }
  }

  async #read(offset: number, length: number): Promise<Uint8Array> {
    const result = new Uint8Array(length);
    const first = Math.floor(offset / BLOCK);
    const last = Math.floor((offset + length - 1) / BLOCK);
    const put = (index: number, bytes: Uint8Array): void => {
      const from = Math.max(offset - index * BLOCK, 0);
      const to = Math.min(offset + length - index * BLOCK, BLOCK);
      result.set(bytes.subarray(from, to), index * BLOCK + from - offset);
    };
    let stored = 0;
    for (let index = first; index <= last; index++) if (!this.#waiting.has(index)) stored++;
    if (stored > 0) for (const { at, bytes } of await readBlocks(this.#database, first, last)) put(at, bytes);
    for (let index = first; index <= last; index++) {
      const bytes = this.#waiting.get(index);
      if (bytes !== undefined) put(index, bytes);
    }
    return result;
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    // Before anything is taken: what can not be stored must not pile up.
    if (this.#waiting.size >= MOST_WAITING) await this.#commit();
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((offset + done) / BLOCK);
      const within = (offset + done) % BLOCK;
      const count = Math.min(BLOCK - within, bytes.length - done);
      const block =
        count === BLOCK
          ? new Uint8Array(BLOCK)
          : await this.#read(index * BLOCK, Math.min(BLOCK, this.size - index * BLOCK));
      const whole = new Uint8Array(BLOCK);
      whole.set(block);
      whole.set(bytes.subarray(done, done + count), within);
      this.#waiting.set(index, whole);
      done += count;
    }
    if (this.#timer === 0)
      this.#timer = setTimeout(() => {
        // What fails is tried again at the next flush, which tells.
        this.#next(() => this.#commit()).catch(() => {});
      }, WRITE_BACK_MS);
  }

  /** Store what waits; it waits on if it can not be. */
  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#waiting.size === 0) return;
    await writeBlocks(this.#database, this.#waiting);
    this.#waiting.clear();
  }
}

const errnoOf = (error: unknown): number =>
  error instanceof DOMException && error.name === 'QuotaExceededError' ? ENOSPC : EIO;
