/**
 * Addresses of the loopback net: hosts and ports in sockaddrs, and which hosts there are.
 *
 * A host is its bytes as a byte string: 4 of IPv4, 16 of IPv6. An IPv4 address mapped into IPv6 is one of IPv4.
 * Source: ip(7), ipv6(7).
 */
import { EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, ENETUNREACH } from '../../../abi/linux/errno.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  SOCKADDR_IN6_LEAST,
  SOCKADDR_IN6_SIZE,
  SOCKADDR_IN_SIZE,
} from '../../../abi/linux/socket.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export const ANY4 = '\0\0\0\0';
export const ANY6: string = '\0'.repeat(16);
export const LOCAL4 = '\x7f\0\0\x01';
export const LOCAL6: string = `${'\0'.repeat(15)}\x01`;
const MAPPED: string = `${'\0'.repeat(10)}\xff\xff`;

export const isAny = (host: string): boolean => host === ANY4 || host === ANY6;
export const isIpv4 = (host: string): boolean => host.length === 4;

export const familyOf = (address: string): number => address.charCodeAt(0) + 256 * address.charCodeAt(1);

/**
 * What an address says to a socket of this family. @param lax AF_UNSPEC counts as AF_INET where the host is any (bind(2))
 * @returns it, -EINVAL (too short) or -EAFNOSUPPORT
 */
export function parse(address: string, family: number, lax: boolean): Place | number {
  const six = family === AF_INET6;
  if (address.length < (six ? SOCKADDR_IN6_LEAST : SOCKADDR_IN_SIZE)) return -EINVAL;
  const port = address.charCodeAt(2) * 256 + address.charCodeAt(3);
  const given = familyOf(address);
  if (given !== family) {
    const any = lax && !six && given === AF_UNSPEC && address.slice(4, 8) === ANY4;
    return any ? { host: ANY4, port } : -EAFNOSUPPORT;
  }
  if (!six) return { host: address.slice(4, 8), port };
  const host = address.slice(8, 24);
  return { host: host.startsWith(MAPPED) ? host.slice(12) : host, port };
}

/** The sockaddr of a place, as a socket of this family tells it. */
export function format({ host, port }: Place, family: number): string {
  const head = String.fromCharCode(family, 0, port >>> 8, port & 255);
  if (family === AF_INET) return head + host + '\0'.repeat(SOCKADDR_IN_SIZE - 8);
  const wide = isIpv4(host) ? MAPPED + host : host;
  return head + ANY4 + wide + '\0'.repeat(SOCKADDR_IN6_SIZE - 24);
}

export const nowhere = (family: number): Place => ({ host: family === AF_INET ? ANY4 : ANY6, port: 0 });

/** Where a socket's own name says that it is. Pre: it was made by `format`, or is ''. */
export function placeOf(name: string, family: number): Place {
  const place = name === '' ? nowhere(family) : parse(name, family, false);
  return typeof place === 'number' ? nowhere(family) : place;
}

/** What an address says to a UDP socket, which takes those of AF_INET in AF_INET6 too. Same returns. */
export function parseEither(address: string, family: number, lax: boolean): Place | number {
  const four = family === AF_INET6 && address.length >= 2 && familyOf(address) === AF_INET;
  return parse(address, four ? AF_INET : family, lax);
}

const isLocal = (host: string): boolean => (isIpv4(host) ? host.startsWith('\x7f') : host === LOCAL6);

/** May a socket have this host as its own? @returns 0 or -EADDRNOTAVAIL */
export const checkOwn = (host: string): number => (isAny(host) || isLocal(host) ? 0 : -EADDRNOTAVAIL);

/** The host that is meant by a destination. @returns it or -ENETUNREACH */
export function reach(host: string): string | number {
  if (host === ANY4) return LOCAL4;
  if (host === ANY6) return LOCAL6;
  return isLocal(host) ? host : -ENETUNREACH;
}

/** The host from which one talks to a destination. */
export const sourceFor = (host: string): string => (isIpv4(host) ? LOCAL4 : LOCAL6);
