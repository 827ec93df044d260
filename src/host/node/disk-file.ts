/**
 * A granted file of the host that stands for a disk: read and written at positions, never grown, never shortened.
 *
 * Opened once, so that whatever becomes of its name the disk stays the same file. Synchronous; knows no kernel.
 */
import fs from 'node:fs';
import { EINVAL, EIO, EROFS } from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult } from '../../contracts/host.ts';

const OK: HostResult = { errno: 0 };

/** A file that can be no disk; says why. */
const refusal = (file: string, why: string): Error => new Error(`disk ${file}: ${why}`);

export class DiskFile {
  readonly #fd: number;
  readonly #readOnly: boolean;
  /** Bytes. */
  readonly size: number;

  /** Throws with a message that names the file. */
  constructor(file: string, readOnly: boolean) {
    let fd: number;
    try {
      fd = fs.openSync(
        file,
        (readOnly ? fs.constants.O_RDONLY : fs.constants.O_RDWR) | fs.constants.O_NONBLOCK,
      );
    } catch (error) {
      const { code = 'error' } = error as { readonly code?: string };
      throw refusal(file, code === 'ENOENT' ? 'there is no such file' : code);
    }
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.size < 512) {
      fs.closeSync(fd);
      throw refusal(file, stat.isFile() ? 'it is smaller than a sector' : 'it is no regular file');
    }
    this.#fd = fd;
    this.#readOnly = readOnly;
    this.size = stat.size;
  }

  /** May throw what Node throws. */
  perform(request: HostRequest): HostResult {
    switch (request.kind) {
      case 'read': {
        if (request.offset + request.length > this.size) return { errno: -EIO };
        const bytes = new Uint8Array(request.length);
        for (let done = 0; done < bytes.length; ) {
          const count = fs.readSync(this.#fd, bytes, done, bytes.length - done, request.offset + done);
          // Somebody has cut the file meanwhile.
          if (count === 0) return { errno: -EIO };
          done += count;
        }
        return { errno: 0, bytes };
      }
      case 'write': {
        const { bytes, offset } = request;
        if (this.#readOnly) return { errno: -EROFS };
        if (offset + bytes.length > this.size) return { errno: -EIO };
        for (let done = 0; done < bytes.length; )
          done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
        return OK;
      }
      case 'flush':
        fs.fsyncSync(this.#fd);
        return OK;
      default:
        return { errno: -EINVAL };
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}
