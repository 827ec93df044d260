/**
 * Contract `vfs`: names, mounts, permissions and open file descriptions.
 *
 * Policy here: caching of names, path walking. Mechanism, fixed: a place in the tree is a dentry id; an open file
 * description is an id that descriptor tables hold; contents belong to `filesystem`, `pagecache`, `ipc` and `tty`.
 * Source: path_resolution(7), open(2), and the man page that each operation names.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import type { FileSystemStat, Stat } from './filesystem.ts';
import type { Spans } from './kernel.ts';
import type { NotifierKind } from './notifiers.ts';
import { array, bool, int, map, nullable, oneOf, record, set, text } from './schema.ts';

/** fs.file-max: open file descriptions of all processes. */
export const MOST_FILES = 262144;

/** A name in the tree. The root of each mount is a dentry whose parent is the dentry that it covers. */
export interface Dentry {
  id: number;
  /** 0 for the root of the whole tree. */
  parent: number;
  name: string;
  inode: number;
  mount: number;
  /** Id of the mount that covers this dentry; 0 = none. */
  covered: number;
  /** Holders: children in the cache, open files, places, mounts. At 0 it may be dropped. */
  references: number;
  /** Its name was removed while it was held. */
  deleted: boolean;
}

export interface Mount {
  id: number;
  sb: number;
  type: string;
  source: string;
  options: string;
  readOnly: boolean;
  /** Dentry of its root, and the one that it covers (0 for the first). */
  root: number;
  covers: number;
  /** Inodes pinned by `pinInode`: it is busy. */
  pins: number;
}

export type FileKind =
  | 'regular'
  | 'directory'
  | 'pipe'
  | 'tty'
  | 'pty-master'
  | 'stream'
  | 'device'
  | 'disk'
  | 'path'
  | 'pidfd'
  | NotifierKind
  | SocketKind
  | QueueKind;

/** Sockets of ipc (AF_UNIX) and of net. */
export type SocketKind = 'unix-socket' | 'inet-socket';

/** A message queue with a name, of ipc. */
export type QueueKind = 'message-queue';

/** An open file description (open(2)). */
export interface OpenFile {
  id: number;
  kind: FileKind;
  references: number;
  /** O_ status flags and access mode. */
  flags: number;
  offset: number;
  /** 0 for what has no inode of a file system (pipes of pipe2). */
  inode: number;
  dentry: number;
  /** Pipe, tty, stream, disk, notifier, socket, queue or pidfd id; for `device` major * 2^20 + minor. */
  object: number;
  /** A directory being listed: the cookie. */
  cookie: number;
  /** The opening made it (F_CREATED_QUERY). */
  created: boolean;
  /** Of a table of mounts: how many changes its readers have seen; -1 for other files. */
  mountsSeen: number;
  /** Who is told of it by signals, once somebody asked for that. */
  owner: FileOwner | null;
}

/** F_SETOWN, F_SETSIG and O_ASYNC of an open file (fcntl(2)). */
export interface FileOwner {
  kind: OwnerKind;
  /** Thread, process or process group. */
  id: number;
  /** Of who set it: they bound whom it may signal. */
  uid: number;
  euid: number;
  /** 0 = SIGIO, without a cause. */
  signal: number;
  /** The descriptor by which O_ASYNC was set, for si_fd. */
  fd: number;
  /** Urgent data is there and was told of. */
  urgent: boolean;
}
export const OWNER_KINDS = ['nobody', 'thread', 'process', 'group'] as const;
export type OwnerKind = (typeof OWNER_KINDS)[number];

export interface VfsState {
  dentries: Map<number, Dentry>;
  /** By the dentry of a directory, the names in it that the cache has: to what dentries they lead. None is empty. */
  names: Map<number, Map<string, number>>;
  /** Dentries without references, kept as a cache, the first the next to go. */
  idle: Set<number>;
  mounts: Map<number, Mount>;
  files: Map<number, OpenFile>;
  /** F_SEAL_ bits of files in memory that `openMemory` made, by inode. */
  seals: Map<number, number>;
  /** flock(2) and fcntl(2) record locks, in order of acquisition. */
  locks: FileLock[];
  /** A process that waits for a record lock, to the process that holds it: cycles are deadlocks. */
  blocked: Map<number, number>;
  nextDentry: number;
  nextMount: number;
  nextFile: number;
  nextSb: number;
  /** Changes to what is mounted, and the event that is woken by each; 0 = nobody asked yet. */
  mountChanges: number;
  mountEvent: number;
}

/** A lock: [start, end) of an inode; of an open file (flock, F_OFD_) or of a process (fcntl), the other 0. */
export interface FileLock {
  inode: number;
  /** Made by flock(2): such locks and record locks do not see each other. */
  flock: boolean;
  file: number;
  tgid: number;
  exclusive: boolean;
  start: number;
  end: number;
  /** Woken when it is released. */
  event: number;
}

export const createDentry = (): Dentry => ({
  id: 0,
  parent: 0,
  name: '',
  inode: 0,
  mount: 0,
  covered: 0,
  references: 0,
  deleted: false,
});
export const createMount = (): Mount => ({
  id: 0,
  sb: 0,
  type: '',
  source: '',
  options: '',
  readOnly: false,
  root: 0,
  covers: 0,
  pins: 0,
});
export const createOpenFile = (): OpenFile => ({
  id: 0,
  kind: 'regular',
  references: 1,
  flags: 0,
  offset: 0,
  inode: 0,
  dentry: 0,
  object: 0,
  cookie: 0,
  created: false,
  mountsSeen: -1,
  owner: null,
});
export const createFileOwner = (): FileOwner => ({
  kind: 'nobody',
  id: 0,
  uid: 0,
  euid: 0,
  signal: 0,
  fd: -1,
  urgent: false,
});
export const createFileLock = (): FileLock => ({
  inode: 0,
  flock: false,
  file: 0,
  tgid: 0,
  exclusive: false,
  start: 0,
  end: 0,
  event: 0,
});
const blank = (): VfsState => ({
  dentries: new Map(),
  names: new Map(),
  idle: new Set(),
  mounts: new Map(),
  files: new Map(),
  seals: new Map(),
  locks: [],
  blocked: new Map(),
  nextDentry: 1,
  nextMount: 1,
  nextFile: 1,
  nextSb: 1,
  mountChanges: 0,
  mountEvent: 0,
});

export const vfsLayout: StateLayout<VfsState> = layout(
  'vfs',
  record<VfsState>(
    {
      dentries: map(
        int(),
        record<Dentry>(
          {
            id: int(),
            parent: int(),
            name: text(),
            inode: int(),
            mount: int(),
            covered: int(),
            references: int(),
            deleted: bool(),
          },
          createDentry,
        ),
      ),
      names: map(int(), map(text(), int())),
      idle: set(int()),
      mounts: map(
        int(),
        record<Mount>(
          {
            id: int(),
            sb: int(),
            type: text(),
            source: text(),
            options: text(),
            readOnly: bool(),
            root: int(),
            covers: int(),
            pins: int(),
          },
          createMount,
        ),
      ),
      files: map(
        int(),
        record<OpenFile>(
          {
            id: int(),
            kind: oneOf<FileKind>(
              'regular',
              'directory',
              'pipe',
              'tty',
              'pty-master',
              'stream',
              'device',
              'disk',
              'path',
              'pidfd',
              'eventfd',
              'timerfd',
              'signalfd',
              'epoll',
              'unix-socket',
              'inet-socket',
              'message-queue',
            ),
            references: int(),
            flags: int(),
            offset: int(),
            inode: int(),
            dentry: int(),
            object: int(),
            cookie: int(),
            created: bool(),
            mountsSeen: int(),
            owner: nullable(
              record<FileOwner>(
                {
                  kind: oneOf<OwnerKind>(...OWNER_KINDS),
                  id: int(),
                  uid: int(),
                  euid: int(),
                  signal: int(),
                  fd: int(),
                  urgent: bool(),
                },
                createFileOwner,
              ),
            ),
          },
          createOpenFile,
        ),
      ),
      seals: map(int(), int()),
      locks: array(
        record<FileLock>(
          {
            inode: int(),
            flock: bool(),
            file: int(),
            tgid: int(),
            exclusive: bool(),
            start: int(),
            end: int(),
            event: int(),
          },
          createFileLock,
        ),
      ),
      blocked: map(int(), int()),
      nextDentry: int(),
      nextMount: int(),
      nextFile: int(),
      nextSb: int(),
      mountChanges: int(),
      mountEvent: int(),
    },
    blank,
  ),
  blank,
  (state) => {
    for (const dentry of state.dentries.values()) {
      if ((dentry.references === 0) !== state.idle.has(dentry.id))
        return `dentry ${dentry.id} has ${dentry.references} references`;
      if (dentry.parent !== 0 && !state.dentries.has(dentry.parent))
        return `dentry ${dentry.id} has no parent`;
      if (!state.mounts.has(dentry.mount)) return `dentry ${dentry.id} lies in no mount`;
    }
    for (const children of state.names.values()) {
      for (const [name, id] of children) {
        if (!state.dentries.has(id)) return `the name ${name} leads to no dentry`;
      }
    }
    for (const file of state.files.values()) {
      if (file.references <= 0) return `open file ${file.id} has no references`;
      if (file.dentry !== 0 && !state.dentries.has(file.dentry)) return `open file ${file.id} has no dentry`;
    }
    return null;
  },
);

/** Times of utimensat(2): null = leave alone. */
export interface FileTimes {
  /** Both are the present time, which needs write permission only. */
  readonly now: boolean;
  readonly atime: { readonly seconds: number; readonly nanoseconds: number } | null;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number } | null;
}

/**
 * Path operations take the asking thread, a dentry to start at (0 = the working directory) and a byte-string path.
 * Every one may return WAIT and is idempotent until it succeeds. An empty path with a dentry is that dentry for `resolve`,
 * `readlink`, `link`, `chmod`, `chown` and `utimes` (AT_EMPTY_PATH), else -ENOENT. `follow` = a symlink in the last place is followed.
 */
export interface Vfs {
  /** Mount the root file system. @returns its root dentry, -errno or WAIT */
  mountRoot(type: string, source: string, options: string): number;
  /** A superblock without a place in the tree: the lower side of an overlay, whose source is then its number. @returns sb, -errno or WAIT */
  mountHidden(type: string, source: string, options: string): number;
  /** mount(2). @returns 0, -ENODEV (no such type), -ENOTDIR, -EBUSY ... */
  mount(tid: number, type: string, source: string, path: string, options: string, readOnly: boolean): number;
  /** MS_REMOUNT: change whether a mount may be written. @returns 0, -EINVAL (not a mount), -EBUSY, -EPERM, -EACCES, -EROFS or WAIT */
  remount(tid: number, path: string, readOnly: boolean): number;
  /**
   * Interface `propagate`: mount(2) with MS_SHARED and its like. There is one namespace, so that nothing is passed on.
   * @returns 0, -EINVAL (not a mount), -EPERM or WAIT
   */
  propagate?(tid: number, path: string): number;
  /** umount2(2). @param detach MNT_DETACH: out of sight at once, gone when no longer used @returns 0, -EINVAL, -EBUSY, -EPERM */
  unmount(tid: number, path: string, detach: boolean): number;
  mounts(): readonly Mount[];
  /**
   * sync(2), syncfs(2): what was written is to be durable. @param sb 0 = of every mount and disk @param last nothing will be
   * written any more @returns 0, the first -errno, or WAIT; to be asked again
   */
  sync(sb: number, last: boolean): number;
  /** The file-system type, and so the `filesystem` cell, that serves a superblock. Pre: it is mounted. Hot path. */
  fileSystemOf(sb: number): string;
  /** vm maps an inode: it outlives its last name until the last `unpinInode`. Pre: its superblock is not 0. */
  pinInode(inode: number): void;
  unpinInode(inode: number): void;

  /** @returns the dentry, held once for the caller (`releaseDentry`), or -errno */
  resolve(tid: number, at: number, path: string, follow: boolean): number;
  holdDentry(dentry: number): void;
  releaseDentry(dentry: number): void;
  /** Absolute path as a process with that root sees it; '(unreachable)' and ' (deleted)' as Linux has it. */
  pathOf(dentry: number, root: number): string;
  dentryInode(dentry: number): number;
  /** Its name was removed. */
  dentryDeleted(dentry: number): boolean;
  /** Check permission on a dentry: bits 4 read, 2 write, 1 execute, with real or effective ids. @returns 0 or -errno */
  permitted(tid: number, dentry: number, mask: number, real: boolean): number;
  statDentry(dentry: number, into: Stat): number;

  /** open(2). @returns an open file with one reference for the caller, -errno or WAIT. A FIFO's other end is awaited. */
  open(tid: number, at: number, path: string, flags: number, mode: number): number;
  /** Open what a dentry names (execve, the ELF interpreter): no permission check. */
  openDentry(tid: number, dentry: number, flags: number): number;
  /** A file on an end of a pipe that ipc made. */
  openPipe(pipe: number, reader: boolean, writer: boolean, flags: number): number;
  /** A file on an object of ipc or net without a name. */
  openObject(kind: NotifierKind | SocketKind | QueueKind | 'pidfd', object: number, flags: number): number;
  /** A file on host stream 0, 1 or 2, or on the console terminal (stream -1). */
  openStream(stream: number, flags: number): number;
  /** A file on a terminal that tty knows by this id, its slave side (TIOCGPTPEER). @returns it or -errno of tty.openSlave */
  openTerminal(tid: number, tty: number, flags: number): number;
  make(tid: number, at: number, path: string, mode: number, rdev: number): number;
  symlink(tid: number, target: string, at: number, path: string): number;
  link(tid: number, at: number, path: string, toAt: number, toPath: string, follow: boolean): number;
  unlink(tid: number, at: number, path: string, directory: boolean): number;
  rename(tid: number, at: number, path: string, toAt: number, toPath: string, flags: number): number;
  readlink(tid: number, at: number, path: string): string | number;
  stat(tid: number, at: number, path: string, follow: boolean, into: Stat): number;
  /** @param mask R_OK 4, W_OK 2, X_OK 1 @param real with the real ids (access(2)) */
  access(tid: number, at: number, path: string, mask: number, real: boolean, follow: boolean): number;
  chmod(tid: number, at: number, path: string, mode: number, follow: boolean): number;
  /** -1 = leave alone. */
  chown(tid: number, at: number, path: string, uid: number, gid: number, follow: boolean): number;
  utimes(tid: number, at: number, path: string, times: FileTimes, follow: boolean): number;
  truncate(tid: number, at: number, path: string, size: number): number;
  statfs(tid: number, at: number, path: string): FileSystemStat | number;

  /** The open file; its fields may be read until the entry ends. Hot path. */
  file(file: number): OpenFile;
  retain(file: number): void;
  /** At the last release it is closed. @param tgid whose record locks on the inode go; 0 = none */
  release(file: number, tgid: number): void;
  /**
   * read(2) and pread(2). @param offset -1 = at the file's own, which advances @returns count, -EBADF, -EISDIR, -EAGAIN, -EIO,
   * or WAIT before anything was read. Hot path.
   */
  read(tid: number, file: number, into: Spans, offset: number): number;
  /** write(2), from byte `skip` of the buffer on. SIGPIPE is the caller's. @returns count (may be short), -errno or WAIT. Hot path. */
  write(tid: number, file: number, from: Spans, skip: number, offset: number): number;
  seek(tid: number, file: number, offset: number, whence: number): number;
  statFile(file: number, into: Stat): number;
  chmodFile(tid: number, file: number, mode: number): number;
  chownFile(tid: number, file: number, uid: number, gid: number): number;
  utimesFile(tid: number, file: number, times: FileTimes): number;
  truncateFile(tid: number, file: number, size: number): number;
  statfsFile(file: number): FileSystemStat;
  flush(file: number): number;
  /** posix_fallocate and punch: @param mode FALLOC_ bits */
  allocate(tid: number, file: number, mode: number, offset: number, length: number): number;
  /**
   * Entries for getdents64(2), `.` and `..` included. @param room asks for each name if it still fits and takes it if so
   * @returns 0, -ENOTDIR, -ENOENT (deleted), -EINVAL (the first does not fit) or WAIT
   */
  list(
    tid: number,
    file: number,
    take: (inode: number, next: number, type: number, name: string) => boolean,
  ): number;
  /** F_SETFL: O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME, and O_ASYNC of what sends signals. @param fd by which it is set */
  setFlags(tid: number, file: number, flags: number, fd: number): void;
  /** F_SETOWN: by the thread's user. */
  setOwner(tid: number, file: number, kind: OwnerKind, id: number): void;
  /** F_SETSIG. */
  setSignal(file: number, signal: number): void;
  /** Files whose events were watched for DRIVEN have fired: send their signals. Between calls. */
  signalReady(): void;
  ioctl(tid: number, file: number, request: number, argument: number): number;
  /** POLL bits ready now, as the thread sees them. Hot path. */
  poll(tid: number, file: number): number;
  /**
   * Name the file's events to the call in progress: at least those that may bring one of the POLL bits `wanted`, an error or a
   * hang-up. They hold until one is woken; who watches longer names them again after each look.
   */
  arm(tid: number, file: number, wanted: number): void;
  /** flock(2). @param operation LOCK_ bits @returns 0, -EWOULDBLOCK, -EINVAL or WAIT */
  flock(tid: number, file: number, operation: number): number;
  /**
   * fcntl(2) record locks on [start, end). @param type F_RDLCK, F_WRLCK or F_UNLCK @param ofd the open file owns it, not the
   * process @returns 0, -EAGAIN, -EDEADLK or WAIT
   */
  setLock(
    tid: number,
    file: number,
    type: number,
    start: number,
    end: number,
    ofd: boolean,
    wait: boolean,
  ): number;
  /** F_GETLK: the lock in the way, or null. */
  getLock(
    tid: number,
    file: number,
    type: number,
    start: number,
    end: number,
    ofd: boolean,
  ): Readonly<FileLock> | null;
  /**
   * Interface `extended`: extended attributes of what a dentry names. @returns the value, -ENODATA, -EOPNOTSUPP, -EACCES, -EINVAL,
   * -EIO or WAIT
   */
  getExtended?(tid: number, dentry: number, name: string): Uint8Array | number;
  /** @param value null = remove @param flags XATTR_ bits @returns 0, the same errors, -EPERM, -EROFS, -EEXIST or -ENOSPC */
  setExtended?(tid: number, dentry: number, name: string, value: Uint8Array | null, flags: number): number;
  /** Names that the thread may see. @returns them, -EIO or WAIT */
  listExtended?(tid: number, dentry: number): string[] | number;
  /** Of the optional interface `holes`: a range of a file's contents becomes zeros, of the size it has. @returns 0, -EPERM (sealed), -EOPNOTSUPP, -errno or WAIT */
  punch?(inode: number, offset: number, length: number): number;
  /** Of the optional interface `write-counts`: open files through which a file can be written. */
  writers?(inode: number): number;
  /** Interface `inode-names`. A dentry that stands for an inode, not held, or 0. */
  nameOf?(inode: number): number;
  /**
   * Interface `memory-files`, memfd_create(2): a file that is nowhere in the tree and goes with its last holder.
   * @param seals F_SEAL_ bits from the start @returns an open file, -ENFILE, -ENODEV (no file system in memory) or -ENOSPC
   */
  openMemory?(tid: number, name: string, mode: number, flags: number, seals: number): number;
  /** Interface `memory-files`, F_GET_SEALS. @returns F_SEAL_ bits, or -EINVAL where files have no seals */
  seals?(file: number): number;
  /** Interface `memory-files`, F_ADD_SEALS. @returns 0, -EINVAL, -EPERM, -EBUSY */
  seal?(file: number, seals: number): number;
}

export const vfs: Contract<Vfs> = {
  name: 'vfs',
  version: 1,
  operations: [
    'mountRoot',
    'mountHidden',
    'mount',
    'remount',
    'unmount',
    'mounts',
    'sync',
    'fileSystemOf',
    'pinInode',
    'unpinInode',
    'resolve',
    'holdDentry',
    'releaseDentry',
    'pathOf',
    'dentryInode',
    'dentryDeleted',
    'permitted',
    'statDentry',
    'open',
    'openDentry',
    'openPipe',
    'openObject',
    'openStream',
    'openTerminal',
    'make',
    'symlink',
    'link',
    'unlink',
    'rename',
    'readlink',
    'stat',
    'access',
    'chmod',
    'chown',
    'utimes',
    'truncate',
    'statfs',
    'file',
    'retain',
    'release',
    'read',
    'write',
    'seek',
    'statFile',
    'chmodFile',
    'chownFile',
    'utimesFile',
    'truncateFile',
    'statfsFile',
    'flush',
    'allocate',
    'list',
    'setFlags',
    'setOwner',
    'setSignal',
    'signalReady',
    'ioctl',
    'poll',
    'arm',
    'flock',
    'setLock',
    'getLock',
  ],
  interfaces: {
    propagate: ['propagate'],
    extended: ['getExtended', 'setExtended', 'listExtended'],
    /** What is mapped can be taken from its file. */
    holes: ['punch'],
    /** Who writes a file is known, so that no program is run that may change meanwhile, nor one changed that runs (ETXTBSY). */
    'write-counts': ['writers'],
    /** A name of an inode is found, if one is known. */
    'inode-names': ['nameOf'],
    /** Files in memory that have no place in the tree, and file seals. */
    'memory-files': ['openMemory', 'seals', 'seal'],
  },
};
