/**
 * A disk in the host's memory, outside the guest's: for pages that do not fit into that, and gone with the kernel.
 *
 * Grows as it is written; what was never written reads as zeros. Synchronous; knows no kernel and no host.
 */
import { EINVAL, EIO } from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult } from '../../contracts/host.ts';

const OK: HostResult = { errno: 0 };
const CHUNK = 65_536;

export class MemoryDisk {
  readonly #chunks = new Map<number, Uint8Array>();
  /** Bytes. */
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  perform(request: HostRequest): HostResult {
    switch (request.kind) {
      case 'read': {
        if (request.offset + request.length > this.size) return { errno: -EIO };
        const bytes = new Uint8Array(request.length);
        this.#each(request.offset, request.length, (done, index, within, count) => {
          const chunk = this.#chunks.get(index);
          if (chunk !== undefined) bytes.set(chunk.subarray(within, within + count), done);
        });
        return { errno: 0, bytes };
      }
      case 'write': {
        const { bytes, offset } = request;
        if (offset + bytes.length > this.size) return { errno: -EIO };
        this.#each(offset, bytes.length, (done, index, within, count) => {
          let chunk = this.#chunks.get(index);
          if (chunk === undefined) this.#chunks.set(index, (chunk = new Uint8Array(CHUNK)));
          chunk.set(bytes.subarray(done, done + count), within);
        });
        return OK;
      }
      case 'flush':
        return OK;
      default:
        return { errno: -EINVAL };
    }
  }

  close(): void {
    this.#chunks.clear();
  }

  /** The pieces of a range, chunk by chunk. */
  #each(
    offset: number,
    length: number,
    piece: (done: number, index: number, within: number, count: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const within = at % CHUNK;
      const count = Math.min(CHUNK - within, length - done);
      piece(done, Math.floor(at / CHUNK), within, count);
      done += count;
    }
  }
}
