/**
 * Running guest scripts on disks: a Debian root with busybox, e2fsprogs and sqlite3, and images of the host.
 */
import { copyFileSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { haveE2fsprogs, imageFolder, makeImage } from '../support/e2fsprogs.ts';
import { type GuestOptions, type GuestRun, runGuest } from '../support/guest.ts';
import { debianRoot } from '../support/roots.ts';

/** null where there is no root, or no e2fsprogs on the host. */
export const root: string | null = haveE2fsprogs
  ? debianRoot('--busybox-links', 'busybox-static', 'e2fsprogs', 'sqlite3')
  : null;
export const folder: string = imageFolder();

/** A fresh image in a folder of its own. @returns its path */
export function image(kib: number, options: readonly string[] = []): string {
  const file = path.join(mkdtempSync(path.join(folder, 'image-')), 'disk.img');
  makeImage(file, kib, options);
  return file;
}

export function copyOf(file: string): string {
  const copy = path.join(mkdtempSync(path.join(folder, 'copy-')), 'disk.img');
  copyFileSync(file, copy);
  return copy;
}

/** Run a shell script that stops at its first error. */
export function runScript(script: string, options: GuestOptions = {}): Promise<GuestRun> {
  return runGuest(['/bin/sh', '-e', '/tmp/script'], {
    root: root as string,
    deterministic: true,
    ...options,
    files: { ...options.files, '/tmp/script': script },
  });
}
