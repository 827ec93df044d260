import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EINVAL, EIO, EROFS } from '../../abi/linux/errno.ts';
import { Folders } from './folders.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'disk-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIZE = 4096;
function image(): string {
  const file = path.join(mkdtempSync(path.join(folder, 'x-')), 'disk');
  writeFileSync(
    file,
    Uint8Array.from({ length: SIZE }, (_, i) => i >>> 4),
  );
  return file;
}

describe('a file that stands for a disk', () => {
  test('is read and written at positions, and keeps its size', () => {
    const file = image();
    const folders = new Folders();
    const { grant, size } = folders.grantFile(file, false);
    expect(size).toBe(SIZE);
    const place = { grant, path: '' };
    expect(folders.perform({ kind: 'write', ...place, offset: 600, bytes: Uint8Array.of(1, 2, 3) })).toEqual({
      errno: 0,
    });
    expect(folders.perform({ kind: 'flush', ...place })).toEqual({ errno: 0 });
    expect(folders.perform({ kind: 'read', ...place, offset: 599, length: 5 }).bytes).toEqual(
      Uint8Array.of(37, 1, 2, 3, 37),
    );
    for (const offset of [SIZE - 1, SIZE, 2 ** 50]) {
      expect(folders.perform({ kind: 'write', ...place, offset, bytes: new Uint8Array(2) })).toEqual({
        errno: -EIO,
      });
      expect(folders.perform({ kind: 'read', ...place, offset, length: 2 })).toEqual({ errno: -EIO });
    }
    expect(readFileSync(file).length).toBe(SIZE);
    folders.close();
  });

  test('is that file alone: no other request, no path, and not what takes its name', () => {
    const file = image();
    const folders = new Folders();
    const { grant } = folders.grantFile(file, false);
    expect(folders.perform({ kind: 'list', grant, path: '' })).toEqual({ errno: -EINVAL });
    expect(folders.perform({ kind: 'truncate', grant, path: '', size: 0 })).toEqual({ errno: -EINVAL });
    expect(folders.perform({ kind: 'remove', grant, path: '../x', directory: false })).toEqual({
      errno: -EINVAL,
    });
    renameSync(file, `${file}-moved`);
    writeFileSync(file, new Uint8Array(SIZE).fill(9));
    expect(
      folders.perform({ kind: 'read', grant, path: '/etc/passwd', offset: 16, length: 1 }).bytes,
    ).toEqual(Uint8Array.of(1));
    folders.close();
  });

  test('is not written to if it was granted for reading, and an error if it was cut', () => {
    const file = image();
    const folders = new Folders();
    const { grant } = folders.grantFile(file, true);
    const write = { kind: 'write', grant, path: '', offset: 0, bytes: new Uint8Array(1) } as const;
    expect(folders.perform(write)).toEqual({ errno: -EROFS });
    truncateSync(file, 100);
    expect(folders.perform({ kind: 'read', grant, path: '', offset: 0, length: 512 })).toEqual({
      errno: -EIO,
    });
    folders.close();
  });

  test.each([
    ['/no/such/file', /there is no such file/],
    [folder, /EISDIR|no regular file/],
    ['/dev/zero', /no regular file/],
  ])('%s is none', (file, says) => {
    expect(() => new Folders().grantFile(file, false)).toThrow(says);
  });
});
