/**
 * State of filesystem/tar: for each superblock the index of its archive, and archives whose scan is under way.
 *
 * The contents stay where they are: an inode knows the place of its own.
 */
import { layout, type StateLayout } from '../../../contracts/contract.ts';
import { int, map, nullable, record, text } from '../../../contracts/schema.ts';

export interface TarInode {
  /** Type and permissions. */
  mode: number;
  uid: number;
  gid: number;
  rdev: number;
  links: number;
  size: number;
  /** Byte of the disk where its content begins. */
  at: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  /** Of a symlink. */
  target: string;
  /** Of a directory: name to inode number. */
  children: Map<string, number> | null;
}

export interface TarMount {
  disk: number;
  inodes: Map<number, TarInode>;
}

/** A mount that waits for headers: what it has learned so far. */
export interface TarScan {
  /** The superblock that it is for; of another mount's scan nothing is taken over. */
  sb: number;
  index: TarMount;
  /** Byte of the disk of the next header. */
  position: number;
  /** What the headers before say of the next member; each '' unless said. */
  longName: string;
  longLink: string;
  /** Pax keywords for the next member, and for all that follow. */
  next: Map<string, string>;
  all: Map<string, string>;
}

export interface TarState {
  /** By superblock. */
  mounts: Map<number, TarMount>;
  /** By disk. */
  scans: Map<number, TarScan>;
}

export const createTarInode = (): TarInode => ({
  mode: 0,
  uid: 0,
  gid: 0,
  rdev: 0,
  links: 0,
  size: 0,
  at: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  target: '',
  children: null,
});
export const createTarMount = (): TarMount => ({ disk: 0, inodes: new Map() });
export const createTarScan = (): TarScan => ({
  sb: 0,
  index: createTarMount(),
  position: 0,
  longName: '',
  longLink: '',
  next: new Map(),
  all: new Map(),
});
const blank = (): TarState => ({ mounts: new Map(), scans: new Map() });

const index = record<TarMount>(
  {
    disk: int(),
    inodes: map(
      int(),
      record<TarInode>(
        {
          mode: int(),
          uid: int(),
          gid: int(),
          rdev: int(),
          links: int(),
          size: int(),
          at: int(),
          mtimeSeconds: int(),
          mtimeNanoseconds: int(),
          target: text(),
          children: nullable(map(text(), int())),
        },
        createTarInode,
      ),
    ),
  },
  createTarMount,
);

export const tarLayout: StateLayout<TarState> = layout(
  'filesystem:tar',
  record<TarState>(
    {
      mounts: map(int(), index),
      scans: map(
        int(),
        record<TarScan>(
          {
            sb: int(),
            index,
            position: int(),
            longName: text(),
            longLink: text(),
            next: map(text(), text()),
            all: map(text(), text()),
          },
          createTarScan,
        ),
      ),
    },
    blank,
  ),
  blank,
  (state) => {
    for (const [sb, { inodes }] of state.mounts) {
      for (const [ino, { children, links }] of inodes) {
        if (links <= 0) return `inode ${ino} of superblock ${sb} has ${links} links`;
        for (const child of children?.values() ?? [])
          if (!inodes.has(child)) return `a name in inode ${ino} of superblock ${sb} leads nowhere`;
      }
    }
    return null;
  },
);
