/**
 * What a kernel in a browser may open by name: stored disks, and bytes that the page has.
 */
import { EACCES, EINVAL, EIO, EROFS } from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult } from '../../contracts/host.ts';
import { MemoryDisk } from '../memory/disk.ts';
import { StoredDisk } from './stored-disk.ts';

/** A disk, or the content of one that is only read: an image, an archive, a file that the user chose. */
export type BrowserFile = StoredDisk | Blob | Uint8Array;

interface Grant {
  readonly size: number;
  readonly readOnly: boolean;
  perform(request: HostRequest): HostResult | Promise<HostResult>;
  close(): void;
}

/** Read where it lies, slice by slice. */
function blobGrant(blob: Blob): Grant {
  return {
    size: blob.size,
    readOnly: true,
    perform(request) {
      if (request.kind === 'flush') return { errno: 0 };
      if (request.kind !== 'read') return { errno: -EINVAL };
      const { offset, length } = request;
      if (offset + length > blob.size) return { errno: -EIO };
      return blob
        .slice(offset, offset + length)
        .arrayBuffer()
        .then(
          (buffer) => ({ errno: 0, bytes: new Uint8Array(buffer) }),
          () => ({ errno: -EIO }),
        );
    },
    close() {},
  };
}

export class BrowserFiles {
  readonly #files: Readonly<Record<string, BrowserFile>>;
  readonly #grants: Grant[] = [];

  constructor(files: Readonly<Record<string, BrowserFile>>) {
    this.#files = files;
  }

  /** @returns the grant's number and the size in bytes. Throws with a message that names the file. */
  grantFile(name: string, readOnly: boolean): { readonly grant: number; readonly size: number } {
    const file = Object.hasOwn(this.#files, name) ? this.#files[name] : undefined;
    if (file === undefined)
      throw new Error(`disk ${name}: a browser has the files only that browserHost was given as \`files\``);
    if (!(file instanceof StoredDisk)) {
      if (!readOnly) throw new Error(`disk ${name}: bytes and blobs can only be read; say readOnly`);
      return this.#add(blobGrant(new Blob([file as BlobPart])));
    }
    return this.#add({
      size: file.size,
      readOnly,
      perform: (request) => file.perform(request),
      // It is the page's.
      close() {},
    });
  }

  /** @returns the grant's number */
  grantMemory(bytes: number): number {
    const disk = new MemoryDisk(bytes);
    return this.#add({
      size: bytes,
      readOnly: false,
      perform: (request) => disk.perform(request),
      close: () => disk.close(),
    }).grant;
  }

  async perform(request: HostRequest): Promise<HostResult> {
    const grant = request.kind === 'input' ? undefined : this.#grants[request.grant];
    if (grant === undefined) return { errno: -EACCES };
    if (request.kind === 'write' && grant.readOnly) return { errno: -EROFS };
    return grant.perform(request);
  }

  close(): void {
    for (const grant of this.#grants.splice(0)) grant.close();
  }

  #add(grant: Grant): { readonly grant: number; readonly size: number } {
    this.#grants.push(grant);
    return { grant: this.#grants.length - 1, size: grant.size };
  }
}
