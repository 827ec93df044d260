/**
 * Option values of the command line, checked one by one.
 */
import { InvalidArgumentError } from 'commander';
import type { DiskOption, MountOption } from '../api/options.ts';
import { SWAP_DISK } from '../contracts/vm.ts';
import { PlanError, parsePlan } from '../nucleus/schedule.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
const MIN_MEMORY = 4 * 2 ** 20;
/** (uid_t) -1 means none. */
const MOST_ID = 0xffff_fffe;
const MAX_DISK: number = 2 ** 40;
const MIN_CACHE = 64 * 2 ** 10;
const MAX_CACHE: number = 2 ** 30;
const MAX_MEMORY = 3.5 * 2 ** 30;

/** @returns NaN if it is no size */
function bytesIn(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] as number);
}

/** `512M`, `1G`, `65536k` or bytes. @returns bytes */
export function parseSize(text: string): number {
  const size = bytesIn(text);
  if (!Number.isFinite(size)) throw new InvalidArgumentError('write a size such as 256M or 1G.');
  if (size < MIN_MEMORY || size > MAX_MEMORY)
    throw new InvalidArgumentError('it must be between 4M and 3.5G.');
  return Math.floor(size);
}

/** `64M` and the like. @returns bytes of translated code */
export function parseCache(text: string): number {
  const size = bytesIn(text);
  if (!Number.isFinite(size)) throw new InvalidArgumentError('write a size such as 512k or 64M.');
  if (size < MIN_CACHE || size > MAX_CACHE) throw new InvalidArgumentError('it must be between 64k and 1G.');
  return Math.floor(size);
}

/**
 * `HOST:GUEST[:ro]`, `disk:NAME:GUEST[:ro]`, or `tar:FILE:GUEST`.
 */
export function parseMount(text: string, before: readonly MountOption[] = []): MountOption[] {
  const parts = text.split(':');
  const readOnly = parts.at(-1) === 'ro' && parts.length > 2;
  if (readOnly) parts.pop();
  if (parts.length === 3 && parts[0] === 'disk' && parts[1] && parts[2]?.startsWith('/'))
    return [...before, { disk: parts[1], guest: parts[2], readOnly }];
  if (parts.length === 3 && parts[0] === 'tar' && parts[1] && parts[2]?.startsWith('/'))
    return [...before, { archive: parts[1], guest: parts[2] }];
  const [host, guest] = parts;
  if (parts.length !== 2 || !host || !guest?.startsWith('/')) {
    throw new InvalidArgumentError(
      'write HOST:GUEST, disk:NAME:GUEST or tar:FILE:GUEST, with an absolute guest path, and :ro behind it to read only.',
    );
  }
  return [...before, { host, guest, readOnly }];
}

/** `NAME=FILE[:ro][:timed]` or `NAME=ram:SIZE[:timed]`. */
export function parseDisk(text: string, before: readonly DiskOption[] = []): DiskOption[] {
  const match = /^([a-z][a-z0-9]{0,14})=(.+?)(:ro)?(:timed)?$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError('write NAME=FILE or NAME=ram:SIZE, with a lower-case name such as vda.');
  const [, name = '', store = '', readOnly, timed] = match;
  if (before.some((disk) => disk.name === name))
    throw new InvalidArgumentError(`there are two disks ${name}.`);
  const common = { name, readOnly: readOnly !== undefined, timed: timed !== undefined };
  if (!store.startsWith('ram:')) return [...before, { ...common, file: store }];
  const ram = bytesIn(store.slice('ram:'.length));
  if (!Number.isFinite(ram) || ram < 1024 || ram > MAX_DISK)
    throw new InvalidArgumentError('a disk in memory has between 1k and 1024G; write ram:64M.');
  return [...before, { ...common, ram }];
}

/** `SIZE` in the host's memory, or a host file. @returns the disk of pages that do not fit into guest memory */
export function parseSwap(text: string): DiskOption {
  const outside = bytesIn(text);
  if (!Number.isFinite(outside)) return { name: SWAP_DISK, file: text };
  if (outside < 4096 || outside > MAX_DISK)
    throw new InvalidArgumentError('it must be between 4k and 1024G.');
  return { name: SWAP_DISK, outside };
}

/** `NAME=VALUE`. */
export function parseEnvironment(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('write NAME=VALUE.');
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** `UID[:GID]`. */
export function parseUser(text: string): { uid: number; gid: number } {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('write numbers: UID or UID:GID.');
  const uid = Number(match[1]);
  const gid = match[2] === undefined ? uid : Number(match[2]);
  if (Math.max(uid, gid) > MOST_ID) throw new InvalidArgumentError(`an id is at most ${MOST_ID}.`);
  return { uid, gid };
}

/** `SLOT=NAME`. */
export function parseModule(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const { slot, name, when } = plan(text);
  if (when !== null) throw new InvalidArgumentError('a module at boot has no @WHEN; use --replace for that.');
  return { ...before, [slot]: name };
}

/** `SLOT=NAME@WHEN`. */
export function parseReplacement(text: string, before: readonly string[] = []): string[] {
  if (plan(text).when === null) {
    throw new InvalidArgumentError(
      'say when: SLOT=NAME@200ms, @1000entries, @every:50ms or @every:1entries.',
    );
  }
  return [...before, text];
}

export function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('write a number below 1000000000.');
  return Number(text);
}

export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('write a number of 0 or more.');
  return Number(text);
}

function plan(text: string): ReturnType<typeof parsePlan> {
  try {
    return parsePlan(text);
  } catch (error) {
    if (error instanceof PlanError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
