/**
 * The scan of an archive at its mount: from header to header, until its end. Contents are passed over.
 *
 * It waits for the disk at nearly every step; what it has learned is state, so that it goes on where it was, in whatever module
 * is there by then.
 */
import { EINVAL, EOPNOTSUPP, EUCLEAN } from '../../../abi/linux/errno.ts';
import {
  makeDevice,
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
} from '../../../abi/linux/stat.ts';
import { type Kernel, WAIT } from '../../../contracts/kernel.ts';
import { BLOCK, type Header, isBlank, latin1, parseHeader, parsePax, parseTime } from './header.ts';
import { bytesAt, bytesOn } from './source.ts';
import { createTarScan, type TarMount, type TarScan, type TarState } from './state.ts';
import { addLink, addMember, finishTree, startTree } from './tree.ts';

/** Longest text that extends a header; paths have 4096 bytes at most. */
const MOST_TEXT = 65536;
/** Goes on with the next header. */
const ON = 1;

const TYPES: Readonly<Record<string, number>> = {
  '2': S_IFLNK,
  '3': S_IFCHR,
  '4': S_IFBLK,
  '5': S_IFDIR,
  '6': S_IFIFO,
};
/** Members of GNU tar that have no place in a tree of files as they are: sparse files, parts of others, old long names. */
const REFUSED = 'SMN';
/** A label of the archive, and a list of names. */
const PASSED_OVER = 'V';
const DIRECTORY_LIST = 'D';

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** A text that belongs to the next member, or to all. @returns ON, -EUCLEAN, -EOPNOTSUPP, -EIO or WAIT */
function takeText(kernel: Kernel, scan: TarScan, { type, size }: Header): number {
  const fits = scan.position + BLOCK + size <= bytesOn(kernel, scan.index.disk);
  if (!(size >= 0 && size <= MOST_TEXT && fits)) return -EUCLEAN;
  const bytes = bytesAt(kernel, scan.index.disk, scan.position + BLOCK, size);
  if (typeof bytes === 'number') return bytes;
  const end = bytes.indexOf(0);
  if (type === 'L') scan.longName = latin1(end < 0 ? bytes : bytes.subarray(0, end));
  else if (type === 'K') scan.longLink = latin1(end < 0 ? bytes : bytes.subarray(0, end));
  else {
    const into = type === 'g' ? scan.all : scan.next;
    if (!parsePax(bytes, into)) return -EUCLEAN;
    for (const key of into.keys()) if (key.startsWith('GNU.sparse.')) return -EOPNOTSUPP;
  }
  scan.position += BLOCK + padded(size);
  return ON;
}

/** The pax value of a key, or undefined. */
function said(scan: TarScan, key: string): string | undefined {
  const value = scan.next.get(key) ?? scan.all.get(key);
  return value === '' ? undefined : value;
}

/** @returns the number that counts, or NaN */
function numberOf(scan: TarScan, key: string, otherwise: number): number {
  const value = said(scan, key);
  if (value === undefined) return otherwise;
  return /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
}

/** @returns ON or -errno */
function takeMember(kernel: Kernel, scan: TarScan, header: Header): number {
  const { index } = scan;
  const path = said(scan, 'path') ?? (scan.longName || header.name);
  const target = said(scan, 'linkpath') ?? (scan.longLink || header.link);
  const uid = numberOf(scan, 'uid', header.uid);
  const gid = numberOf(scan, 'gid', header.gid);
  const fine = said(scan, 'mtime');
  const mtime = fine === undefined ? { seconds: header.mtime, nanoseconds: 0 } : parseTime(fine);
  const isLink = header.type === '1';
  // Before there was a type for folders their names ended in a slash.
  const isFolder = header.type === DIRECTORY_LIST || (header.type === '0' && path.endsWith('/'));
  const type = TYPES[header.type] ?? (isFolder ? S_IFDIR : S_IFREG);
  const length = isLink || header.type in TYPES ? 0 : numberOf(scan, 'size', header.size);
  const at = scan.position + BLOCK;
  const sound = [length, uid, gid, header.mode, mtime?.seconds, header.major, header.minor].every(
    Number.isSafeInteger,
  );
  if (!sound || mtime === null || length < 0 || uid < 0 || gid < 0) return -EUCLEAN;
  const end = at + padded(length);
  if (end > bytesOn(kernel, index.disk)) return -EUCLEAN;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  const added = isLink
    ? addLink(index, path, target)
    : addMember(index, path, {
        mode: type | (header.mode & S_IALLUGO),
        uid,
        gid,
        rdev: isDevice ? makeDevice(header.major, header.minor) : 0,
        size: type === S_IFREG ? length : type === S_IFLNK ? target.length : 0,
        at,
        mtimeSeconds: mtime.seconds,
        mtimeNanoseconds: mtime.nanoseconds,
        target: type === S_IFLNK ? target : '',
      });
  if (added !== 0) return added;
  scan.position = end;
  scan.longName = '';
  scan.longLink = '';
  scan.next.clear();
  return ON;
}

/** @returns ON, 0 at the end of the archive, -errno or WAIT */
function step(kernel: Kernel, scan: TarScan): number {
  const first = scan.position === 0;
  // An archive ends in blank blocks: one without them was cut.
  if (scan.position + BLOCK > bytesOn(kernel, scan.index.disk)) return first ? -EINVAL : -EUCLEAN;
  const block = bytesAt(kernel, scan.index.disk, scan.position, BLOCK);
  if (typeof block === 'number') return block;
  if (isBlank(block)) return 0;
  const header = parseHeader(block);
  if (header === null) return first ? -EINVAL : -EUCLEAN;
  const { type } = header;
  if (REFUSED.includes(type)) return -EOPNOTSUPP;
  if ('LKxg'.includes(type)) return takeText(kernel, scan, header);
  if (type !== PASSED_OVER) return takeMember(kernel, scan, header);
  scan.position += BLOCK;
  return ON;
}

/**
 * Make the index of the archive on a disk. @returns it; -EINVAL if there is none, -EUCLEAN for one that is damaged or cut,
 * -EOPNOTSUPP, -EIO or WAIT
 */
export function scanArchive(state: TarState, kernel: Kernel, sb: number, disk: number): TarMount | number {
  let scan = state.scans.get(disk);
  if (scan?.sb !== sb) {
    scan = createTarScan();
    scan.sb = sb;
    scan.index.disk = disk;
    startTree(scan.index);
    state.scans.set(disk, scan);
  }
  let answer = ON;
  while (answer === ON) answer = step(kernel, scan);
  if (answer === WAIT) return WAIT;
  state.scans.delete(disk);
  if (answer !== 0) return answer;
  finishTree(scan.index);
  return scan.index;
}
