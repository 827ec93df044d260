import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EACCES, EBUSY, EEXIST, EINVAL, EROFS } from '../../abi/linux/errno.ts';
import type { HostRequest, HostResult } from '../../contracts/host.ts';
import { Folders } from './folders.ts';

type FolderRequest = Exclude<HostRequest, { readonly kind: 'input' }>;
/** A request without its grant. */
type Asked = {
  [K in FolderRequest['kind']]: Omit<Extract<FolderRequest, { kind: K }>, 'grant'>;
}[FolderRequest['kind']];

let top = '';
let folders: Folders;
let grant = 0;
let readOnly = 0;

/** The granted folder's content as it is at first. */
function refill(): void {
  const inside = join(top, 'granted');
  for (const name of fs.readdirSync(inside)) fs.rmSync(join(inside, name), { recursive: true });
  fs.mkdirSync(join(inside, 'inner/deep'), { recursive: true });
  fs.writeFileSync(join(inside, 'file'), 'content');
  fs.writeFileSync(join(inside, 'inner/file'), 'inner');
  fs.symlinkSync('../outside', join(inside, 'away'));
  fs.symlinkSync(join(top, 'outside'), join(inside, 'absolute'));
  fs.symlinkSync('../outside/secret', join(inside, 'leak'));
  fs.symlinkSync('../outside/made', join(inside, 'dangling'));
  fs.symlinkSync('inner', join(inside, 'within'));
}

beforeEach(() => {
  top = fs.mkdtempSync(join(tmpdir(), 'strake-folders-'));
  fs.mkdirSync(join(top, 'granted'));
  fs.mkdirSync(join(top, 'outside'));
  fs.writeFileSync(join(top, 'outside/secret'), 'secret');
  refill();
  folders = new Folders();
  grant = folders.grant(join(top, 'granted'), false);
  readOnly = folders.grant(join(top, 'granted'), true);
});
afterEach(() => {
  folders.close();
  fs.rmSync(top, { recursive: true, force: true });
});

const ask = (request: Asked, of: number = grant): HostResult =>
  folders.perform({ ...request, grant: of } as FolderRequest);

/** Every file below a folder with its type, mode, size, time and content. */
function snapshot(folder: string): string {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const stat = fs.lstatSync(join(folder, name));
      const content = stat.isFile() ? fs.readFileSync(join(folder, name), 'latin1') : '';
      const target = stat.isSymbolicLink() ? fs.readlinkSync(join(folder, name)) : '';
      const times = stat.isDirectory() ? '' : stat.mtimeMs;
      return `${name} ${stat.mode} ${stat.nlink} ${times} ${content}${target}`;
    })
    .join('\n');
}

const bytes = new Uint8Array([1, 2, 3]);
/** One of each kind with this path. */
const everything = (path: string): Asked[] => [
  { kind: 'list', path },
  { kind: 'read', path, offset: 0, length: 100 },
  { kind: 'write', path, offset: 0, bytes },
  { kind: 'truncate', path, size: 0 },
  { kind: 'create', path, type: 'file', mode: 0o644 },
  { kind: 'create', path, type: 'directory', mode: 0o755 },
  { kind: 'symlink', path, target: 'x' },
  { kind: 'link', path, target: 'linked' },
  { kind: 'link', path: 'file', target: path },
  { kind: 'rename', path, target: 'renamed' },
  { kind: 'rename', path: 'file', target: path },
  { kind: 'chmod', path, mode: 0o777 },
  { kind: 'utimes', path, mtimeSeconds: 1, mtimeNanoseconds: 0 },
  { kind: 'flush', path },
  { kind: 'remove', path, directory: false },
  { kind: 'remove', path, directory: true },
];

describe('a path that leads out', () => {
  test.each([
    ['..', 'a parent'],
    ['../outside/secret', 'a parent first'],
    ['inner/../../outside/secret', 'a parent in between'],
    ['inner/..', 'a parent last'],
    ['away/secret', 'a relative symlink on the way'],
    ['absolute/secret', 'an absolute symlink on the way'],
    ['within/file', 'a symlink that stays inside'],
    ['\u012e\u012e/outside/secret', 'dots that are none'],
    ['inner\u012f..\u012f..\u012foutside', 'slashes that are none'],
    ['file\0', 'a NUL'],
    ['leak\0', 'a NUL behind a symlink'],
    [`${'x/'.repeat(9000)}x`, 'too long a path'],
    [`${'x'.repeat(300)}/y`, 'too long a name'],
  ])('%j (%#) is refused for every request', (path) => {
    const before = snapshot(join(top, 'outside'));
    for (const request of everything(path)) {
      refill();
      const result = ask(request);
      expect([request, result.errno < 0]).toEqual([request, true]);
      expect(result.bytes ?? result.entries).toBeUndefined();
    }
    expect(snapshot(join(top, 'outside'))).toBe(before);
  });

  test.each(['away', 'absolute', 'leak', 'dangling'])(
    'the symlink %s is not followed in the last place',
    (path) => {
      const before = snapshot(join(top, 'outside'));
      for (const request of everything(path)) {
        refill();
        const result = ask(request);
        expect(result.bytes ?? result.entries).toBeUndefined();
        // The symlink itself may be moved, linked and removed.
        if (['list', 'read', 'write', 'truncate', 'create', 'chmod', 'flush'].includes(request.kind)) {
          expect([request, result.errno < 0]).toEqual([request, true]);
        }
      }
      expect(snapshot(join(top, 'outside'))).toBe(before);
    },
  );

  test('an absolute path lies below the folder', () => {
    expect(ask({ kind: 'read', path: '/etc/passwd', offset: 0, length: 10 }).errno).toBeLessThan(0);
    expect(
      Buffer.from(ask({ kind: 'read', path: '/file', offset: 0, length: 10 }).bytes ?? []).toString(),
    ).toBe('content');
  });

  test('a folder that was swapped for a symlink is not entered', () => {
    expect(ask({ kind: 'list', path: 'inner' }).entries?.map(({ name }) => name)).toEqual(['deep', 'file']);
    fs.renameSync(join(top, 'granted/inner'), join(top, 'granted/was'));
    fs.symlinkSync('../outside', join(top, 'granted/inner'));
    const before = snapshot(join(top, 'outside'));
    for (const path of ['inner', 'inner/secret', 'inner/new'])
      for (const request of everything(path)) expect(ask(request).bytes).toBeUndefined();
    expect(snapshot(join(top, 'outside'))).toBe(before);
  });

  test('a granted folder that was moved away stays the one that was granted', () => {
    fs.renameSync(join(top, 'granted'), join(top, 'moved'));
    fs.symlinkSync('outside', join(top, 'granted'));
    const { entries } = ask({ kind: 'list', path: '' });
    expect(entries?.some(({ name }) => name === 'secret') ?? false).toBe(false);
    expect(ask({ kind: 'read', path: 'secret', offset: 0, length: 9 }).errno).toBeLessThan(0);
  });
});

describe('the granted folder itself', () => {
  test.each(['', '.', '/', './/.'])(
    '%j can be listed and changed, but not moved, replaced or removed',
    (path) => {
      expect(ask({ kind: 'list', path }).errno).toBe(0);
      expect(ask({ kind: 'chmod', path, mode: 0o700 }).errno).toBe(0);
      expect(ask({ kind: 'remove', path, directory: true }).errno).toBe(-EBUSY);
      expect(ask({ kind: 'rename', path, target: 'x' }).errno).toBe(-EBUSY);
      expect(ask({ kind: 'rename', path: 'inner/deep', target: path }).errno).toBe(-EBUSY);
      expect(ask({ kind: 'link', path: 'file', target: path }).errno).toBe(-EBUSY);
      expect(ask({ kind: 'create', path, type: 'file', mode: 0o600 }).errno).toBe(-EBUSY);
    },
  );
});

describe('what a host folder may hold', () => {
  test('no set-ID bits', () => {
    expect(ask({ kind: 'create', path: 'new', type: 'file', mode: 0o6755 }).errno).toBe(0);
    expect(ask({ kind: 'chmod', path: 'file', mode: 0o6755 }).errno).toBe(0);
    for (const name of ['new', 'file']) expect(fs.statSync(join(top, 'granted', name)).mode & 0o7000).toBe(0);
  });

  test('names of any bytes', () => {
    const name = 'a\nb\xff\xfe\x01 ';
    expect(ask({ kind: 'create', path: name, type: 'file', mode: 0o644 }).errno).toBe(0);
    expect(ask({ kind: 'create', path: name, type: 'file', mode: 0o644 }).errno).toBe(-EEXIST);
    const names = fs
      .readdirSync(join(top, 'granted'), { encoding: 'buffer' })
      .map((entry) => entry.toString('latin1'));
    expect(names).toContain(name);
    expect(ask({ kind: 'list', path: '' }).entries?.map((entry) => entry.name)).toContain(name);
  });

  test.skipIf(process.platform === 'win32')('pipes are neither opened nor waited for', () => {
    spawnSync('mkfifo', [join(top, 'granted/pipe')]);
    for (const request of everything('pipe').slice(0, 4))
      expect([request.kind, ask(request).errno < 0]).toEqual([request.kind, true]);
    expect(ask({ kind: 'list', path: '' }).entries?.find(({ name }) => name === 'pipe')?.stat.type).toBe(
      'other',
    );
  });

  test('odd numbers are an errno', () => {
    for (const odd of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, 0.5]) {
      expect(ask({ kind: 'read', path: 'file', offset: odd, length: 10 }).errno).toBeLessThanOrEqual(0);
      expect(ask({ kind: 'read', path: 'file', offset: 0, length: odd }).errno).toBeLessThanOrEqual(0);
      expect(ask({ kind: 'write', path: 'file', offset: odd, bytes }).errno).toBeLessThanOrEqual(0);
      expect(ask({ kind: 'truncate', path: 'inner/file', size: odd }).errno).toBeLessThanOrEqual(0);
    }
    for (const of of [-1, 99, 0.5, Number.NaN])
      expect(ask({ kind: 'list', path: '' }, of).errno).toBe(-EACCES);
    expect(ask({ kind: 'symlink', path: 'link', target: 'a\0b' }).errno).toBe(-EINVAL);
  });
});

describe('a read-only grant', () => {
  test('refuses every change and leaves the folder as it was', () => {
    const before = snapshot(join(top, 'granted'));
    for (const path of ['file', 'inner', 'inner/file', 'new', '', 'leak', '../outside/secret']) {
      for (const request of everything(path)) {
        const { errno } = ask(request, readOnly);
        if (!['list', 'read', 'flush'].includes(request.kind))
          expect([request, errno]).toEqual([request, -EROFS]);
      }
    }
    expect(snapshot(join(top, 'granted'))).toBe(before);
  });
});
