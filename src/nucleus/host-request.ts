/**
 * Host requests as plain data: what a module asked for, read once.
 *
 * The module that fills a slot may be a guest's, and what it hands over may be a record of getters that answers
 * differently each time, or a byte array of its own making. The host gets a copy in which every field has the type
 * that the contract names. Holds no policy: what a grant allows is the host's to say.
 */
import type { HostRequest } from '../contracts/host.ts';
import { KernelFault } from '../lib/kernel-fault.ts';

/** A copy with each field of its kind and nothing else. Throws KernelFault where one is of a wrong type. */
export function plainRequest(request: HostRequest): HostRequest {
  const source = request as unknown as Readonly<Record<string, unknown>>;
  const number = (field: string): number => {
    const value = source[field];
    if (typeof value !== 'number') throw new KernelFault(`a host request whose ${field} is no number`);
    return value;
  };
  const text = (field: string): string => {
    const value = source[field];
    if (typeof value !== 'string') throw new KernelFault(`a host request whose ${field} is no string`);
    return value;
  };
  const { kind } = request;
  if (kind === 'input') return { kind, stream: number('stream'), length: size(number('length')) };
  const place = { grant: number('grant'), path: text('path') };
  switch (kind) {
    case 'list':
    case 'flush':
      return { kind, ...place };
    case 'read':
      return { kind, ...place, offset: size(number('offset')), length: size(number('length')) };
    case 'write':
      return { kind, ...place, offset: size(number('offset')), bytes: plainBytes(source['bytes']) };
    case 'truncate':
      return { kind, ...place, size: size(number('size')) };
    case 'create': {
      const type = text('type') === 'directory' ? 'directory' : 'file';
      return { kind, ...place, type, mode: number('mode') };
    }
    case 'symlink':
    case 'link':
    case 'rename':
      return { kind, ...place, target: text('target') };
    case 'remove':
      return { kind, ...place, directory: source['directory'] === true };
    case 'chmod':
      return { kind, ...place, mode: number('mode') };
    case 'utimes': {
      const mtimeSeconds = number('mtimeSeconds');
      return { kind, ...place, mtimeSeconds, mtimeNanoseconds: number('mtimeNanoseconds') };
    }
    default:
      throw new KernelFault('a host request of no known kind');
  }
}

function size(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new KernelFault(`a host request of size ${value}`);
  return value;
}

/** A copy in a buffer of its own, so that nothing else of what lies around it goes along. Throws KernelFault. */
export function plainBytes(bytes: unknown): Uint8Array {
  if (!isBytes(bytes)) throw new KernelFault('bytes for the host that are no Uint8Array');
  return new Uint8Array(bytes);
}

/** True for the genuine article; a Proxy of one is none. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && value instanceof Uint8Array;
