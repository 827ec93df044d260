/**
 * Names of AF_UNIX sockets: paths, which are inodes of some file system, and abstract names.
 *
 * A named socket holds the dentry of its path, so that the inode's number is not used again while it is there. An address is a
 * byte string: the family, then a path that a NUL ends, or a NUL and an abstract name. Source: unix(7).
 */
import { EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL } from '../../abi/linux/errno.ts';
import { AF_UNIX, SOCKADDR_FAMILY_SIZE, SOCKADDR_UN_SIZE } from '../../abi/linux/socket.ts';
import { S_IFMT, S_IFSOCK } from '../../abi/linux/stat.ts';
import { createStat } from '../../contracts/filesystem.ts';
import { WAIT } from '../../contracts/kernel.ts';
import type { Socket } from '../../contracts/sockets.ts';
import type { SocketCore } from '../socket/table.ts';

export interface UnixCore extends SocketCore {
  /** Name to socket: `#` and an inode, or `@`, the type, `:` and an abstract name. */
  readonly names: Map<string, number>;
}

export const UNNAMED: string = String.fromCharCode(AF_UNIX, 0);
const MAY_WRITE = 2;
/** How many names of five digits there are for sockets that want any. */
const ANY_NAMES = 0x100000;

const isAbstract = (address: string): boolean => address.charCodeAt(SOCKADDR_FAMILY_SIZE) === 0;
/** Sockets of different types may have one abstract name. */
const abstractKey = (type: number, address: string): string =>
  `@${type}:${address.slice(SOCKADDR_FAMILY_SIZE + 1)}`;
const pathOf = (address: string): string => {
  const end = address.indexOf('\0', SOCKADDR_FAMILY_SIZE);
  return address.slice(SOCKADDR_FAMILY_SIZE, end < 0 ? undefined : end);
};

/** @returns 0 or -EINVAL */
export function checkAddress(address: string): number {
  if (address.length <= SOCKADDR_FAMILY_SIZE || address.length > SOCKADDR_UN_SIZE) return -EINVAL;
  return address.startsWith(UNNAMED) ? 0 : -EINVAL;
}

/** The socket of an address; of a path, of whatever type. @returns it, -ECONNREFUSED, what the path's walk says, or WAIT */
export function lookUp(core: UnixCore, tid: number, address: string, type: number): Socket | number {
  const { kernel, names, table } = core;
  let key = abstractKey(type, address);
  if (!isAbstract(address)) {
    const { vfs } = kernel;
    const dentry = vfs.resolve(tid, 0, pathOf(address), true);
    if (dentry < 0) return dentry;
    const stat = createStat();
    let error = vfs.permitted(tid, dentry, MAY_WRITE, false);
    if (error === 0) error = vfs.statDentry(dentry, stat);
    key = `#${vfs.dentryInode(dentry)}`;
    vfs.releaseDentry(dentry);
    if (error !== 0) return error;
    if ((stat.mode & S_IFMT) !== S_IFSOCK) return -ECONNREFUSED;
  }
  return table.sockets.get(names.get(key) ?? 0) ?? -ECONNREFUSED;
}

/** An abstract name that is free: five digits. */
function anyName({ names }: UnixCore, type: number): string {
  for (let i = names.size; i < ANY_NAMES; i++) {
    const digits = i.toString(16).padStart(5, '0');
    if (!names.has(`@${type}:${digits}`)) return `${UNNAMED}\0${digits}`;
  }
  return '';
}

function bindPath(core: UnixCore, tid: number, socket: Socket, address: string): number {
  const { kernel, names } = core;
  const path = pathOf(address);
  const made = kernel.waits.progress(tid)[0] === 1;
  if (!made) {
    const mode = S_IFSOCK | (0o777 & ~kernel.process.place(tid).umask);
    const error = kernel.vfs.make(tid, 0, path, mode, 0);
    if (error !== 0) return error === -EEXIST ? -EADDRINUSE : error;
  }
  const dentry = kernel.vfs.resolve(tid, 0, path, false);
  if (dentry === WAIT) kernel.waits.keep([1]);
  if (dentry < 0) return dentry;
  socket.dentry = dentry;
  socket.name = `${UNNAMED}${path}\0`;
  names.set(`#${kernel.vfs.dentryInode(dentry)}`, socket.id);
  return 0;
}

/** A path that is there is told before a name that is. */
function alreadyNamed({ kernel }: UnixCore, tid: number, address: string): number {
  if (isAbstract(address)) return -EINVAL;
  const dentry = kernel.vfs.resolve(tid, 0, pathOf(address), false);
  if (dentry === WAIT) return WAIT;
  if (dentry < 0) return -EINVAL;
  kernel.vfs.releaseDentry(dentry);
  return -EADDRINUSE;
}

/** bind(2) */
export function bind(core: UnixCore, tid: number, socket: Socket, asked: string): number {
  const address = asked === UNNAMED ? anyName(core, socket.type) : asked;
  if (asked === UNNAMED && socket.name !== '') return 0;
  const error = checkAddress(address);
  if (error !== 0) return error;
  if (socket.name !== '') return alreadyNamed(core, tid, address);
  if (!isAbstract(address)) return bindPath(core, tid, socket, address);
  const key = abstractKey(socket.type, address);
  if (core.names.has(key)) return -EADDRINUSE;
  core.names.set(key, socket.id);
  socket.name = address;
  return 0;
}

/** The socket is closed. */
export function unname({ kernel, names }: UnixCore, socket: Socket): void {
  const { dentry, name, id, type } = socket;
  if (name === '') return;
  const key = dentry === 0 ? abstractKey(type, name) : `#${kernel.vfs.dentryInode(dentry)}`;
  // A connection has its listener's name, but does not own it.
  if (names.get(key) === id) names.delete(key);
  if (dentry !== 0) kernel.vfs.releaseDentry(dentry);
  socket.dentry = 0;
}
