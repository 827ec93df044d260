/**
 * What a kernel in a browser may open by name: stored disks, and bytes that the page has.
 */
import { EACCES, EINVAL, EIO, EROFS } from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult } from '../../contracts/host.ts';
import { MemoryDisk } from '../memory/disk.ts';
import { StoredDisk } from './stored-disk.ts';

/** A disk, or the content of one that is only read: an image, an archive, a file that the user chose. */
export type BrowserFile = StoredDisk | Blob | Uint8Array;

/** The first bytes of what gzip compressed. */
const GZIP = [0x1f, 0x8b];

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
    const file = this.#find(name);
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

  /** The same for what is read as an archive: gzip is unpacked. Rejects with a message that names the file. */
  async grantArchive(name: string): Promise<{ readonly grant: number; readonly size: number }> {
    const file = this.#find(name);
    if (file instanceof StoredDisk) return this.grantFile(name, true);
    let blob = new Blob([file as BlobPart]);
    const start = new Uint8Array(await blob.slice(0, GZIP.length).arrayBuffer());
    if (start.length === GZIP.length && GZIP.every((byte, i) => start[i] === byte)) {
      try {
        blob = await new Response(blob.stream().pipeThrough(new DecompressionStream('gzip'))).blob();
      } catch (error) {
        throw new Error(`archive ${name}: it can not be unpacked: ${String(error)}`);
      }
    }
    return this.#add(blobGrant(blob));
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

  #find(name: string): BrowserFile {
    const file = Object.hasOwn(this.#files, name) ? this.#files[name] : undefined;
    if (file === undefined)
      throw new Error(
        `${name} can not be opened: of files a browser has those that \`files\` of its host names`,
      );
    return file;
  }

  #add(grant: Grant): { readonly grant: number; readonly size: number } {
    this.#grants.push(grant);
    return { grant: this.#grants.length - 1, size: grant.size };
  }
}
