/**
 * The embedded root: the programs of userland/, and the folders and files that programs expect.
 *
 * The ELF files ship with the package; userland/manifest.json says where each goes. Holds no code of theirs.
 */
import { bytesOf } from '../lib/utf8.ts';
import type { ImageEntry } from './populate.ts';

interface Manifest {
  readonly format: number;
  readonly files: readonly { readonly path: string; readonly source: string; readonly mode: string }[];
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

const FOLDERS: readonly (readonly [path: string, mode: number])[] = [
  ['/bin', 0o755],
  ['/etc', 0o755],
  ['/home', 0o755],
  ['/mnt', 0o755],
  ['/root', 0o700],
  ['/sbin', 0o755],
  ['/tmp', 0o1777],
  ['/var', 0o755],
];

const FILES: readonly (readonly [path: string, content: string])[] = [
  ['/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n'],
  ['/etc/group', 'root:x:0:\nnogroup:x:65534:\n'],
];

/** @param asset reads a file of the package. Throws Error if the manifest is of another format. */
export async function embeddedImage(
  asset: (name: string) => Promise<Uint8Array>,
): Promise<readonly ImageEntry[]> {
  const text = String.fromCharCode(...(await asset('userland/manifest.json')));
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== 1) throw new Error(`userland/manifest.json has format ${manifest.format}, not 1`);
  const programs = await Promise.all(
    manifest.files.map(async ({ path, source, mode }): Promise<ImageEntry> => {
      return { type: 'file', path, mode: Number.parseInt(mode, 8), bytes: await asset(`userland/${source}`) };
    }),
  );
  return [
    ...FOLDERS.map(([path, mode]): ImageEntry => ({ type: 'directory', path, mode })),
    ...FILES.map(
      ([path, content]): ImageEntry => ({ type: 'file', path, mode: 0o644, bytes: bytesOf(content) }),
    ),
    ...programs,
    ...manifest.symlinks.map(({ path, target }): ImageEntry => ({ type: 'symlink', path, target })),
  ];
}
