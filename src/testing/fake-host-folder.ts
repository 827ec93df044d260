/**
 * A host folder in memory that carries out the requests of a fake kernel, one at a time and in order.
 */
import { EEXIST, EISDIR, ENOENT, ENOTEMPTY } from '../abi/linux/errno.ts';
import type { FileSystem } from '../contracts/filesystem.ts';
import type { HostRequest, HostResult, HostStat } from '../contracts/host.ts';
import { bytesOf } from '../lib/utf8.ts';
import type { FakeFsKernel } from './fake-fs-kernel.ts';

interface Item {
  readonly type: HostStat['type'];
  mode: number;
  bytes: Uint8Array;
  readonly target: string;
  mtimeSeconds: number;
}

export interface FakeFolder {
  /** By path below the grant. Two paths with one item are hard links. */
  readonly items: Map<string, Item>;
  /** Every request, as `kind path`. */
  readonly log: string[];
  /** Answer this kind with this -errno from now on. */
  refuse: { kind: HostRequest['kind']; errno: number } | null;
  put(path: string, type: HostStat['type'], content?: Uint8Array | string, mode?: number): void;
  /** Carry out and complete all requests that are under way. @returns how many there were */
  run(fake: FakeFsKernel, cell: () => FileSystem): number;
}

const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

function childrenOf(items: Map<string, Item>, path: string): string[] {
  return [...items.keys()].filter((key) => parentOf(key) === path && key !== path);
}

function move(items: Map<string, Item>, from: string, to: string): number {
  const item = items.get(from);
  const victim = items.get(to);
  if (item === undefined) return -ENOENT;
  if (victim === item) return 0;
  if (childrenOf(items, to).length > 0) return -ENOTEMPTY;
  items.delete(to);
  for (const [key, value] of [...items]) {
    if (key !== from && !key.startsWith(`${from}/`)) continue;
    items.delete(key);
    items.set(to + key.slice(from.length), value);
  }
  return 0;
}

const list = (items: Map<string, Item>, path: string): HostResult => ({
  errno: 0,
  entries: childrenOf(items, path)
    .sort()
    .map((key) => {
      const item = items.get(key) as Item;
      const stat = {
        type: item.type,
        mode: item.mode,
        size: item.bytes.length,
        mtimeSeconds: item.mtimeSeconds,
        mtimeNanoseconds: 5,
      };
      const name = key.slice(key.lastIndexOf('/') + 1);
      return item.type === 'symlink' ? { name, stat, target: item.target } : { name, stat };
    }),
});

function resize(item: Item, size: number): void {
  const bytes = new Uint8Array(size);
  bytes.set(item.bytes.subarray(0, size));
  item.bytes = bytes;
}

function add(
  items: Map<string, Item>,
  path: string,
  type: HostStat['type'],
  mode: number,
  target: string,
): number {
  if (items.has(path)) return -EEXIST;
  if (parentOf(path) !== '' && items.get(parentOf(path))?.type !== 'directory') return -ENOENT;
  items.set(path, { type, mode, bytes: new Uint8Array(0), target, mtimeSeconds: 1000 });
  return 0;
}

function carryOut(items: Map<string, Item>, request: HostRequest): HostResult {
  if (request.kind === 'input') throw new Error('a folder has no input');
  const { path } = request;
  if (request.kind === 'list') return list(items, path);
  if (request.kind === 'create') return { errno: add(items, path, request.type, request.mode, '') };
  if (request.kind === 'symlink') return { errno: add(items, path, 'symlink', 0o777, request.target) };
  if (path === '') return { errno: 0 };
  const item = items.get(path);
  if (item === undefined) return { errno: -ENOENT };
  switch (request.kind) {
    case 'read':
      return { errno: 0, bytes: item.bytes.slice(request.offset, request.offset + request.length) };
    case 'write':
      resize(item, Math.max(item.bytes.length, request.offset + request.bytes.length));
      item.bytes.set(request.bytes, request.offset);
      break;
    case 'truncate':
      resize(item, request.size);
      break;
    case 'link':
      if (items.has(request.target)) return { errno: -EEXIST };
      items.set(request.target, item);
      break;
    case 'remove':
      if (request.directory !== (item.type === 'directory')) return { errno: -EISDIR };
      if (childrenOf(items, path).length > 0) return { errno: -ENOTEMPTY };
      items.delete(path);
      break;
    case 'rename':
      return { errno: move(items, path, request.target) };
    case 'chmod':
      item.mode = request.mode;
      break;
    case 'utimes':
      item.mtimeSeconds = request.mtimeSeconds;
  }
  return { errno: 0 };
}

export function fakeFolder(): FakeFolder {
  const folder: FakeFolder = {
    items: new Map(),
    log: [],
    refuse: null,
    put(path, type, content = '', mode = 0o644) {
      const bytes = typeof content === 'string' ? bytesOf(content) : content;
      const target = type === 'symlink' && typeof content === 'string' ? content : '';
      folder.items.set(path, { type, mode, bytes, target, mtimeSeconds: 1000 });
    },
    run(fake, cell) {
      const pending = [...fake.requests];
      for (const [id, request] of pending) {
        fake.requests.delete(id);
        folder.log.push(`${request.kind} ${request.kind === 'input' ? '' : request.path}`);
        const refused = folder.refuse?.kind === request.kind ? folder.refuse.errno : 0;
        cell().completed(id, refused === 0 ? carryOut(folder.items, request) : { errno: refused });
      }
      return pending.length;
    },
  };
  return folder;
}
