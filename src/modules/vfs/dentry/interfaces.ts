/**
 * ioctl(2) of sockets on network interfaces: what there is to ask. Source: netdevice(7).
 */
import { EADDRNOTAVAIL, EINVAL, ENODEV, ENOTTY, EPERM, EOPNOTSUPP } from '../../../abi/linux/errno.ts';
import { CAP_NET_ADMIN } from '../../../abi/linux/capability.ts';
import * as I from '../../../abi/linux/interface.ts';
import { AF_INET, SOCKADDR_IN_SIZE } from '../../../abi/linux/socket.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { Link } from '../../../contracts/links.ts';

/** Requests of this span are about interfaces. */
const FIRST = I.SIOCGIFNAME;
const LAST = 0x89ff;

const linksOf = ({ net }: Kernel): readonly Link[] => net.links?.() ?? [];
const hostOf = ({ addresses }: Link): string | undefined =>
  addresses.find(({ family }) => family === AF_INET)?.host;
const prefixOf = ({ addresses }: Link): number =>
  addresses.find(({ family }) => family === AF_INET)?.prefix ?? 0;

function putName(bytes: Uint8Array, at: number, name: string): void {
  for (let i = 0; i < I.IFNAMSIZ; i++) bytes[at + i] = i < name.length ? name.charCodeAt(i) : 0;
}

function putAddress(bytes: Uint8Array, at: number, host: string): void {
  bytes.fill(0, at, at + SOCKADDR_IN_SIZE);
  bytes[at] = AF_INET;
  for (let i = 0; i < host.length; i++) bytes[at + 4 + i] = host.charCodeAt(i);
}

/** The bytes of a netmask. */
function maskOf(prefix: number): string {
  const bits = prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
  return String.fromCharCode(bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255);
}

/** SIOCGIFCONF: the interfaces that have an address of IPv4; without a buffer, how long they are. */
function list(kernel: Kernel, tid: number, at: number): number {
  const { user } = kernel;
  const head = new Uint8Array(I.IFCONF_SIZE);
  const error = user.read(tid, at, head);
  if (error !== 0) return error;
  const view = new DataView(head.buffer);
  const links = linksOf(kernel).filter((link) => hostOf(link) !== undefined);
  const buffer = view.getUint32(I.IFCONF_BUFFER, true) + view.getUint32(I.IFCONF_BUFFER + 4, true) * 2 ** 32;
  const room = view.getInt32(0, true);
  if (buffer !== 0 && room < 0) return -EINVAL;
  const fit = buffer === 0 ? links.length : Math.min(links.length, Math.floor(room / I.IFREQ_SIZE));
  const bytes = new Uint8Array(fit * I.IFREQ_SIZE);
  links.slice(0, fit).forEach((link, i) => {
    putName(bytes, i * I.IFREQ_SIZE, link.name);
    putAddress(bytes, i * I.IFREQ_SIZE + I.IFNAMSIZ, hostOf(link) as string);
  });
  const written = buffer === 0 || fit === 0 ? 0 : user.write(tid, buffer, bytes);
  return written === 0 ? user.writeU32(tid, at, bytes.length) : written;
}

/** Put what is asked of an interface behind its name. @returns 0 or -errno */
function describe(link: Link, request: number, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  const at = I.IFNAMSIZ;
  switch (request) {
    case I.SIOCGIFFLAGS:
      view.setUint16(at, link.flags & 0xffff, true);
      return 0;
    case I.SIOCGIFMTU:
      view.setInt32(at, link.mtu, true);
      return 0;
    case I.SIOCGIFINDEX:
      view.setInt32(at, link.index, true);
      return 0;
    case I.SIOCGIFMETRIC:
      view.setInt32(at, 0, true);
      return 0;
    case I.SIOCGIFTXQLEN:
      view.setInt32(at, link.queueLength, true);
      return 0;
    case I.SIOCGIFMAP:
      bytes.fill(0, at);
      return 0;
    case I.SIOCGIFHWADDR:
      bytes.fill(0, at, at + SOCKADDR_IN_SIZE);
      view.setUint16(at, link.type, true);
      for (let i = 0; i < link.hardware.length; i++) bytes[at + 2 + i] = link.hardware.charCodeAt(i);
      return 0;
  }
  const host = hostOf(link);
  if (request !== I.SIOCGIFADDR && request !== I.SIOCGIFDSTADDR) {
    if (request !== I.SIOCGIFNETMASK && request !== I.SIOCGIFBRDADDR) return -ENOTTY;
  }
  if (host === undefined) return -EADDRNOTAVAIL;
  if (request === I.SIOCGIFNETMASK) putAddress(bytes, at, maskOf(prefixOf(link)));
  else putAddress(bytes, at, request === I.SIOCGIFBRDADDR ? '\0\0\0\0' : host);
  return 0;
}

/** Requests that set something have the number before that of their question, or are none of ours. */
const SETTERS: ReadonlySet<number> = new Set(
  [I.SIOCGIFFLAGS, I.SIOCGIFADDR, I.SIOCGIFDSTADDR, I.SIOCGIFBRDADDR, I.SIOCGIFNETMASK, I.SIOCGIFMTU].map(
    (request) => request + 1,
  ),
);

/** @returns 0, -errno or WAIT; -ENOTTY also for what is no request of this kind */
export function interfaceRequest(kernel: Kernel, tid: number, request: number, at: number): number {
  if (request < FIRST || request > LAST) return -ENOTTY;
  if (request === I.SIOCGIFCONF) return list(kernel, tid, at);
  const bytes = new Uint8Array(I.IFREQ_SIZE);
  const error = kernel.user.read(tid, at, bytes);
  if (error !== 0) return error;
  if (SETTERS.has(request)) return kernel.process.capable(tid, CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
  if (request === I.SIOCGIFNAME) {
    const index = new DataView(bytes.buffer).getInt32(I.IFNAMSIZ, true);
    const link = linksOf(kernel).find((each) => each.index === index);
    if (link === undefined) return -ENODEV;
    putName(bytes, 0, link.name);
    return kernel.user.write(tid, at, bytes);
  }
  const end = bytes.subarray(0, I.IFNAMSIZ).indexOf(0);
  const name = String.fromCharCode(...bytes.subarray(0, end < 0 ? I.IFNAMSIZ - 1 : end));
  const link = linksOf(kernel).find((each) => each.name === name);
  const told = describe(link ?? NO_LINK, request, bytes);
  if (told === -ENOTTY) return -ENOTTY;
  if (link === undefined) return -ENODEV;
  return told === 0 ? kernel.user.write(tid, at, bytes) : told;
}

/** Stands in where there is none, to tell a request that is known from one that is not. */
const NO_LINK: Link = {
  index: 0,
  name: '',
  type: 0,
  hardware: '',
  flags: 0,
  mtu: 0,
  queueLength: 0,
  addresses: [],
};
