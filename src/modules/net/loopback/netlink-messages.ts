/**
 * Messages of rtnetlink(7) as bytes: what there is to tell of interfaces and addresses, and how a request went.
 */
import { IF_OPER_UNKNOWN } from '../../../abi/linux/interface.ts';
import * as N from '../../../abi/linux/netlink.ts';
import { AF_INET } from '../../../abi/linux/socket.ts';
import type { Link, LinkAddress } from '../../../contracts/links.ts';

/** Of the header of a request, what its answers repeat. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Who asks. */
  readonly port: number;
  /** The bytes behind the header, and the header with the bytes as far as an error quotes it. */
  readonly body: DataView;
  readonly header: Uint8Array;
}

const aligned = (length: number): number => (length + 3) & ~3;
const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + aligned(length), 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += aligned(part.length);
  }
  return all;
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(N.RTATTR_HEADER + value.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bytes.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, N.RTATTR_HEADER);
  return bytes;
}

function message(
  { sequence, port }: Request,
  type: number,
  flags: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const bytes = joined([new Uint8Array(N.NLMSG_HEADER), ...parts]);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, port, true);
  return bytes;
}

export function linkMessage(request: Request, link: Link, flags: number): Uint8Array {
  const head = new Uint8Array(N.IFINFOMSG_SIZE);
  const view = new DataView(head.buffer);
  view.setUint16(2, link.type, true);
  view.setInt32(4, link.index, true);
  view.setUint32(8, link.flags, true);
  return message(request, N.RTM_NEWLINK, flags, [
    head,
    attribute(N.IFLA_IFNAME, bytesOf(`${link.name}\0`)),
    attribute(N.IFLA_TXQLEN, word(link.queueLength)),
    attribute(N.IFLA_OPERSTATE, Uint8Array.of(IF_OPER_UNKNOWN)),
    attribute(N.IFLA_MTU, word(link.mtu)),
    attribute(N.IFLA_ADDRESS, bytesOf(link.hardware)),
    attribute(N.IFLA_BROADCAST, bytesOf(link.hardware)),
  ]);
}

export function addressMessage(request: Request, link: Link, address: LinkAddress): Uint8Array {
  const { family, prefix } = address;
  const head = Uint8Array.of(family, prefix, N.IFA_F_PERMANENT, N.RT_SCOPE_HOST, 0, 0, 0, 0);
  new DataView(head.buffer).setUint32(4, link.index, true);
  const host = bytesOf(address.host);
  const parts = [head, attribute(N.IFA_ADDRESS, host)];
  if (family === AF_INET) {
    parts.push(attribute(N.IFA_LOCAL, host), attribute(N.IFA_LABEL, bytesOf(`${link.name}\0`)));
  }
  return message(request, N.RTM_NEWADDR, N.NLM_F_MULTI, parts);
}

export const doneMessage = (request: Request): Uint8Array =>
  message(request, N.NLMSG_DONE, N.NLM_F_MULTI, [word(0)]);

/** @param error 0, of which the header of the request is quoted, or -errno, with all of it */
export const outcomeMessage = (request: Request, error: number): Uint8Array =>
  message(request, N.NLMSG_ERROR, error === 0 ? N.NLM_F_CAPPED : 0, [
    word(error),
    error === 0 ? request.header.subarray(0, N.NLMSG_HEADER) : request.header,
  ]);
