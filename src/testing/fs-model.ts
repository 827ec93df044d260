/**
 * A model of a file system in the plainest terms, and a run of one command after another against both.
 *
 * Files are byte arrays, directories are maps; rules are those of the man pages, written without a look at the file
 * systems. Used by the tests of ram and overlay, with the state sent through bytes between commands.
 */
import { EEXIST, EINVAL, EISDIR, ENODATA, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from '../abi/linux/errno.ts';
import { S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG } from '../abi/linux/stat.ts';
import { XATTR_CREATE, XATTR_REPLACE } from '../abi/linux/xattr.ts';

export interface Node {
  type: number;
  mode: number;
  links: number;
  bytes: Uint8Array;
  target: string;
  children: Map<string, Node>;
  parent: Node | null;
  pins: number;
  /** Extended attributes. */
  extended: Map<string, string>;
}

export type Command =
  | { kind: 'create'; directory: number; name: string; type: number }
  | { kind: 'symlink'; directory: number; name: string; target: string }
  | { kind: 'link'; directory: number; name: string; node: number }
  | { kind: 'unlink'; directory: number; name: string; asDirectory: boolean }
  | { kind: 'rename'; from: number; name: string; to: number; toName: string; flags: number }
  | { kind: 'write'; node: number; offset: number; length: number; byte: number }
  | { kind: 'truncate'; node: number; size: number }
  | { kind: 'chmod'; node: number; mode: number }
  | { kind: 'extend'; node: number; name: string; value: string | null; flags: number }
  | { kind: 'pin'; node: number }
  | { kind: 'unpin'; node: number }
  | { kind: 'transfer' };

export const TYPES: readonly number[] = [S_IFREG, S_IFDIR, S_IFIFO];

export const newNode = (type: number, mode: number, parent: Node | null): Node => ({
  type,
  mode,
  links: 1,
  bytes: new Uint8Array(0),
  target: '',
  children: new Map(),
  parent,
  pins: 0,
  extended: new Map(),
});

/** @param value null = remove @param flags XATTR_ bits */
export function modelExtend(node: Node, name: string, value: string | null, flags: number): number {
  const there = node.extended.has(name);
  if (there && (flags & XATTR_CREATE) !== 0) return -EEXIST;
  if (!there && (value === null || (flags & XATTR_REPLACE) !== 0)) return -ENODATA;
  if (value === null) node.extended.delete(name);
  else node.extended.set(name, value);
  return 0;
}

export const linksOf = (node: Node): number =>
  node.type === S_IFDIR
    ? node.links === 0
      ? 0
      : 2 + [...node.children.values()].filter((child) => child.type === S_IFDIR).length
    : node.links;

/** Every node that a program could still reach or hold, directories first asked by `directories`. */
export function reachable(root: Node): Node[] {
  const all: Node[] = [];
  const walk = (node: Node): void => {
    if (all.includes(node)) return;
    all.push(node);
    for (const child of node.children.values()) walk(child);
  };
  walk(root);
  return all;
}

export function modelCreate(directory: Node, name: string, type: number): Node | number {
  if (directory.links === 0) return directory.children.has(name) ? -EEXIST : -ENOENT;
  if (directory.children.has(name)) return -EEXIST;
  const node = newNode(type, type === S_IFLNK ? 0o777 : 0o640, directory);
  directory.children.set(name, node);
  return node;
}

export function modelLink(directory: Node, name: string, node: Node): number {
  if (directory.children.has(name)) return -EEXIST;
  if (directory.links === 0) return -ENOENT;
  if (node.type === S_IFDIR) return -EPERM;
  if (node.links === 0) return -ENOENT;
  directory.children.set(name, node);
  node.links++;
  return 0;
}

const refusal = (node: Node, asDirectory: boolean): number => {
  if (asDirectory && node.type !== S_IFDIR) return -ENOTDIR;
  if (!asDirectory && node.type === S_IFDIR) return -EISDIR;
  return node.children.size > 0 ? -ENOTEMPTY : 0;
};

export function modelUnlink(directory: Node, name: string, asDirectory: boolean): number {
  const node = directory.children.get(name);
  if (node === undefined) return -ENOENT;
  const refused = refusal(node, asDirectory);
  if (refused !== 0) return refused;
  directory.children.delete(name);
  node.links--;
  return 0;
}

const within = (node: Node | null, ancestor: Node): boolean => {
  for (let at = node; at !== null; at = at.parent) if (at === ancestor) return true;
  return false;
};

export function modelRename(from: Node, name: string, to: Node, toName: string, flags: number): number {
  if (flags > 2) return -EINVAL;
  const moved = from.children.get(name);
  const victim = to.children.get(toName);
  if (moved === undefined) return -ENOENT;
  if (victim !== undefined && flags === 1) return -EEXIST;
  if (victim === undefined && flags === 2) return -ENOENT;
  if (moved.type === S_IFDIR && within(to, moved)) return -EINVAL;
  if (victim === undefined && to.links === 0) return -ENOENT;
  if (victim !== undefined && victim.type === S_IFDIR && within(from, victim))
    return flags === 2 ? -EINVAL : -ENOTEMPTY;
  if (victim === moved) return 0;
  if (victim !== undefined && flags === 2) {
    from.children.set(name, victim);
    to.children.set(toName, moved);
    if (victim.type === S_IFDIR) victim.parent = from;
    if (moved.type === S_IFDIR) moved.parent = to;
    return 0;
  }
  if (victim !== undefined) {
    const refused = refusal(victim, moved.type === S_IFDIR);
    if (refused !== 0) return refused;
    victim.links--;
  }
  from.children.delete(name);
  to.children.set(toName, moved);
  if (moved.type === S_IFDIR) moved.parent = to;
  return 0;
}

export function modelResize(node: Node, size: number): void {
  const bytes = new Uint8Array(size);
  bytes.set(node.bytes.subarray(0, size));
  node.bytes = bytes;
}

export function modelWrite(node: Node, offset: number, length: number, byte: number): void {
  if (offset + length > node.bytes.length) modelResize(node, offset + length);
  node.bytes.fill(byte, offset, offset + length);
}

export const typeOf = (mode: number): number => mode & S_IFMT;
