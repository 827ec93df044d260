/**
 * Names, files and links of /proc: from an inode number to what it means, made anew at every look.
 */
import { EACCES, EINVAL, ENOENT, EPERM, ESRCH } from '../../../abi/linux/errno.ts';
import { PROC_SUPER_MAGIC } from '../../../abi/linux/magic.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/linux/stat.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import type { SyntheticEntry, SyntheticFile, Synthesis } from '../../../lib/synthetic-file-system.ts';
import { nodeEntries, nodeLinks, type TextNode } from '../../../lib/text-tree.ts';
import { descriptorsOf, descriptorTarget, fdinfo, openFileOf, placeLink } from './descriptors.ts';
import { type Context, FIXED } from './fixed.ts';
import {
  directoryIno,
  fdinfoIno,
  fdIno,
  fileIno,
  isTask,
  MAX_FD,
  MAX_PID,
  ownerIno,
  pidOf,
  placeOf,
} from './numbers.ts';
import { PROCESS_FILES, type ProcessFile, processFileIndex } from './process-files.ts';
import type { ProcState } from './state.ts';
import { storeProcess, storeSetting } from './store.ts';
import { findSubject, liveThreads, mayInspect, type Subject } from './subject.ts';

/** Cookies of processes lie above those of the fixed files. */
const PID_COOKIES = 0x1_0000;
const MOUNT_TABLES: ReadonlySet<string> = new Set(['mounts', 'mountinfo', 'mountstats']);
const fd = (name: string): number => (/^(0|[1-9]\d{0,8})$/.test(name) ? Number(name) : -1);

export function procSynthesis(state: ProcState, kernel: Kernel): Synthesis {
  const subjectOf = (ino: number): Subject | null => findSubject(kernel, state, pidOf(ino), isTask(ino));
  const nodeOf = (ino: number): TextNode<Context> | undefined => FIXED.nodes.get(ino);
  const rowOf = (index: number): ProcessFile => PROCESS_FILES[index] as ProcessFile;
  const ownTarget = (tid: number, name: string): string => {
    const tgid = tid === 0 ? 1 : kernel.process.group(tid).tgid;
    return name === 'self' ? `${tgid}` : `${tgid}/task/${tid}`;
  };

  const lookupFixed = (ino: number, name: string): number => {
    const node = nodeOf(ino);
    const child = node?.children.get(name);
    if (child !== undefined) return child.ino;
    const pid = ino === FIXED.root.ino ? fd(name) : -1;
    if (pid < 1 || pid > MAX_PID || kernel.process.findThread(pid) === null) return -ENOENT;
    return directoryIno(pid, false);
  };

  /** A name in fd, fdinfo or task of a process. */
  const lookupBelow = (
    subject: Subject,
    ino: number,
    tid: number,
    row: ProcessFile,
    name: string,
  ): number => {
    const number = fd(name);
    if (row.name === 'task')
      return subject.group.threads.includes(number) ? directoryIno(number, true) : -ENOENT;
    if (!mayInspect(subject, tid)) return -EACCES;
    if (number < 0 || number > MAX_FD || openFileOf(subject, number) === 0) return -ENOENT;
    return row.name === 'fd' ? fdIno(ino, number) : fdinfoIno(ino, number);
  };

  const entriesBelow = (subject: Subject, ino: number, row: ProcessFile): SyntheticEntry[] => {
    if (row.name === 'task')
      return [...liveThreads(subject)]
        .sort((a, b) => a.tid - b.tid)
        .map(({ tid }) => ({ name: `${tid}`, ino: directoryIno(tid, true), type: S_IFDIR, cookie: tid }));
    const [number, type] = row.name === 'fd' ? [fdIno, S_IFLNK] : [fdinfoIno, S_IFREG];
    return descriptorsOf(subject)
      .filter((at) => at <= MAX_FD)
      .map((at) => ({ name: `${at}`, ino: number(ino, at), type, cookie: at + 1 }));
  };

  const entriesOf = (subject: Subject, ino: number): SyntheticEntry[] =>
    PROCESS_FILES.flatMap(({ name, mode, wholeOnly }, i) =>
      wholeOnly && !subject.whole ? [] : [{ name, ino: fileIno(ino, i), type: mode & S_IFMT, cookie: i + 1 }],
    );

  const processes = (): SyntheticEntry[] =>
    kernel.process.groups().map(({ tgid }) => ({
      name: `${tgid}`,
      ino: directoryIno(tgid, false),
      type: S_IFDIR,
      cookie: PID_COOKIES + tgid,
    }));

  const fixedFile = (ino: number): SyntheticFile | number => {
    const node = nodeOf(ino);
    if (node === undefined) return -ENOENT;
    const links = nodeLinks(node) + (node === FIXED.root ? kernel.process.groups().length : 0);
    return { mode: node.mode, links, uid: 0, gid: 0, sinceNs: 0 };
  };

  const processMode = (ino: number): number => {
    const { kind, ...rest } = placeOf(ino);
    if (kind === 'directory') return S_IFDIR | 0o555;
    if (kind === 'fd') return S_IFLNK | 0o700;
    if (kind === 'fdinfo') return S_IFREG | 0o444;
    return 'index' in rest ? rowOf(rest.index).mode : 0;
  };

  return {
    magic: PROC_SUPER_MAGIC,
    lookup(tid, ino, name) {
      const place = placeOf(ino);
      if (place.kind === 'fixed') return lookupFixed(ino, name);
      const subject = subjectOf(ino);
      if (subject === null) return -ENOENT;
      if (place.kind === 'file') return lookupBelow(subject, ino, tid, rowOf(place.index), name);
      const index = processFileIndex(name);
      if (index < 0 || (rowOf(index).wholeOnly && !subject.whole)) return -ENOENT;
      return fileIno(ino, index);
    },
    file(ino) {
      if (placeOf(ino).kind === 'fixed') return fixedFile(ino);
      const subject = subjectOf(ino);
      if (subject === null) return -ENOENT;
      const { credentials, startNs } = subject.group;
      const mode = processMode(ino);
      const links = (mode & S_IFMT) === S_IFDIR ? 2 : 1;
      return { mode, links, uid: credentials.euid, gid: credentials.egid, sinceNs: startNs };
    },
    entries(tid, ino) {
      const place = placeOf(ino);
      const node = nodeOf(ino);
      if (place.kind === 'fixed') {
        if (node === undefined) return -ENOENT;
        return node === FIXED.root ? [...nodeEntries(node), ...processes()] : nodeEntries(node);
      }
      const subject = subjectOf(ino);
      if (subject === null) return -ENOENT;
      if (place.kind === 'directory') return entriesOf(subject, ino);
      const row = rowOf(place.kind === 'file' ? place.index : 0);
      if (row.name !== 'task' && !mayInspect(subject, tid)) return -EACCES;
      return entriesBelow(subject, ownerIno(ino), row);
    },
    text(tid, ino) {
      const place = placeOf(ino);
      if (place.kind === 'fixed')
        return state.settings.get(ino) ?? nodeOf(ino)?.row?.text({ kernel, state }) ?? -EINVAL;
      const subject = subjectOf(ino);
      if (subject === null) return -ESRCH;
      if (place.kind === 'fdinfo') return mayInspect(subject, tid) ? fdinfo(subject, place.index) : -EACCES;
      if (place.kind !== 'file') return -EINVAL;
      const row = rowOf(place.index);
      return row.guarded && !mayInspect(subject, tid) ? -EACCES : row.text(subject);
    },
    window(tid, ino, offset, length) {
      const place = placeOf(ino);
      const row = place.kind === 'file' ? rowOf(place.index) : null;
      if (row === null || row.window === undefined) return null;
      const subject = subjectOf(ino);
      if (subject === null) return -ESRCH;
      return row.guarded && !mayInspect(subject, tid) ? -EACCES : row.window(subject, tid, offset, length);
    },
    store(tid, ino, text) {
      const place = placeOf(ino);
      if (place.kind === 'fixed') {
        const node = nodeOf(ino);
        return node === undefined ? -ENOENT : storeSetting(state, kernel, node, text);
      }
      const subject = subjectOf(ino);
      if (subject === null) return -ESRCH;
      return place.kind === 'file' ? storeProcess(subject, tid, rowOf(place.index).name, text) : -EPERM;
    },
    listsMounts(ino) {
      const place = placeOf(ino);
      return place.kind === 'file' && MOUNT_TABLES.has(rowOf(place.index).name);
    },
    target(tid, ino) {
      const place = placeOf(ino);
      if (place.kind === 'fixed') {
        const target = nodeOf(ino)?.row?.target ?? '';
        if (target === '') return -EINVAL;
        return target === 'self' || target === 'thread-self' ? ownTarget(tid, target) : target;
      }
      const subject = subjectOf(ino);
      if (subject === null) return -ENOENT;
      if (place.kind === 'fd')
        return mayInspect(subject, tid) ? descriptorTarget(subject, place.index) : -EACCES;
      if (place.kind !== 'file' || (rowOf(place.index).mode & S_IFMT) !== S_IFLNK) return -EINVAL;
      const dentry = placeLink(subject, tid, rowOf(place.index).name);
      const { root } = kernel.process.place(tid);
      return dentry < 0 ? dentry : kernel.vfs.pathOf(dentry, root);
    },
    jump(tid, ino) {
      const place = placeOf(ino);
      if (place.kind === 'fixed') return 0;
      const subject = subjectOf(ino);
      if (subject === null) return -ENOENT;
      if (place.kind === 'file') return placeLink(subject, tid, rowOf(place.index).name);
      if (place.kind !== 'fd') return 0;
      if (!mayInspect(subject, tid)) return -EACCES;
      const open = openFileOf(subject, place.index);
      return open === 0 ? -ENOENT : kernel.vfs.file(open).dentry;
    },
    jumpFile(_tid, ino) {
      const place = placeOf(ino);
      const subject = place.kind === 'fd' ? subjectOf(ino) : null;
      return subject === null || place.kind !== 'fd' ? 0 : openFileOf(subject, place.index);
    },
  };
}
