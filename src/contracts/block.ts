/**
 * Contract `block`: disks of 512-byte sectors, and the order in which transfers reach them.
 *
 * Policy here: which request of a queue goes next. Mechanism, fixed (src/lib/block): one request at a time is in service
 * on each disk; neighbours are merged; what is stored lies in a file of the host or in frames. Data moves between a disk
 * and frames that the request holds; who asked is told through `buffercache.completed`, by the tag that it gave. All
 * modules share one layout, so that they are exchanged with requests queued and in service.
 */
import { type Contract, layout, type StateLayout } from './contract.ts';
import type { HostResult } from './host.ts';
import { array, bool, int, map, oneOf, record, text } from './schema.ts';

export const SECTOR = 512;
/** Most sectors of one transfer that is asked for: a frame. */
export const SECTORS_PER_FRAME = 8;
/** Device number of disk `id`: this major, the id as minor. Linux gives virtio disks a dynamic major from the top down. */
export const DISK_MAJOR = 254;

export type DiskStore = 'host' | 'ram';
export type RequestKind = 'read' | 'write' | 'flush';

/** What a disk is made of, as booting adds it. */
export interface DiskSpec {
  /** Its name in /dev: a letter, then letters and digits, in lower case. */
  readonly name: string;
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly store: DiskStore;
  /** Of a host file; else -1. */
  readonly grant: number;
  /** Transfers take as long as on a disk with one moving head, in guest time. */
  readonly timed: boolean;
}

/** One disk. The fields behind `head` belong to the policy in place; others ignore them. */
export interface Disk {
  id: number;
  name: string;
  sectors: number;
  readOnly: boolean;
  store: DiskStore;
  grant: number;
  timed: boolean;
  /** `ram`: index of 4096 bytes to the frame that has them; what was never written is absent and reads as zeros. */
  frames: Map<number, number>;
  /** Request in service; 0 = none. */
  active: number;
  /** Id of the host request that carries it out; 0 = none, or it was answered. */
  hostRequest: number;
  /** Its result, for a timed disk whose time is not up. */
  outcome: number;
  /** Sector behind the last transfer. */
  head: number;
  /** Requests that are left of a run in one direction; which direction; how often reads went before waiting writes. */
  batch: number;
  writing: boolean;
  starved: number;
  /** Since boot: transfers carried out, sectors moved, requests joined to another, time in service. */
  transfers: number;
  moved: number;
  merges: number;
  busyNs: number;
}

/** A run of sectors to move, frame by frame, or a barrier. Those queued are in order of arrival. */
export interface BlockRequest {
  id: number;
  disk: number;
  kind: RequestKind;
  sector: number;
  sectors: number;
  /** One for each 4096 bytes, the last perhaps in part; a reference of each is held. */
  frames: number[];
  /** One for each frame; of a flush its one. */
  tags: number[];
  /** Monotonic ns of the oldest part's arrival. */
  arrived: number;
}

export interface BlockState {
  disks: Map<number, Disk>;
  /** Queued and in service, by id, which ascends. */
  requests: Map<number, BlockRequest>;
  nextRequest: number;
}

export const createDisk = (): Disk => ({
  id: 0,
  name: '',
  sectors: 0,
  readOnly: false,
  store: 'ram',
  grant: -1,
  timed: false,
  frames: new Map(),
  active: 0,
  hostRequest: 0,
  outcome: 0,
  head: 0,
  batch: 0,
  writing: false,
  starved: 0,
  transfers: 0,
  moved: 0,
  merges: 0,
  busyNs: 0,
});
export const createBlockRequest = (): BlockRequest => ({
  id: 0,
  disk: 0,
  kind: 'read',
  sector: 0,
  sectors: 0,
  frames: [],
  tags: [],
  arrived: 0,
});
const blank = (): BlockState => ({ disks: new Map(), requests: new Map(), nextRequest: 1 });

export const blockLayout: StateLayout<BlockState> = layout(
  'block',
  record<BlockState>(
    {
      disks: map(
        int(),
        record<Disk>(
          {
            id: int(),
            name: text(),
            sectors: int(),
            readOnly: bool(),
            store: oneOf<DiskStore>('host', 'ram'),
            grant: int(),
            timed: bool(),
            frames: map(int(), int()),
            active: int(),
            hostRequest: int(),
            outcome: int(),
            head: int(),
            batch: int(),
            writing: bool(),
            starved: int(),
            transfers: int(),
            moved: int(),
            merges: int(),
            busyNs: int(),
          },
          createDisk,
        ),
      ),
      requests: map(
        int(),
        record<BlockRequest>(
          {
            id: int(),
            disk: int(),
            kind: oneOf<RequestKind>('read', 'write', 'flush'),
            sector: int(),
            sectors: int(),
            frames: array(int()),
            tags: array(int()),
            arrived: int(),
          },
          createBlockRequest,
        ),
      ),
      nextRequest: int(),
    },
    blank,
  ),
  blank,
  (state) => {
    for (const { id, disk, sector, sectors, frames, kind } of state.requests.values()) {
      const on = state.disks.get(disk);
      if (on === undefined) return `request ${id} is for disk ${disk}, which does not exist`;
      if (sector + sectors > on.sectors) return `request ${id} reaches beyond the disk`;
      if (kind !== 'flush' && frames.length !== Math.ceil(sectors / SECTORS_PER_FRAME))
        return `request ${id} has ${frames.length} frames for ${sectors} sectors`;
    }
    for (const { name, active } of state.disks.values()) {
      if (active !== 0 && !state.requests.has(active))
        return `disk ${name} serves request ${active}, which is gone`;
    }
    return null;
  },
);

/** None of these may block; all are idempotent only where it is said. Times are of `clock.monotonic`. */
export interface Block {
  /** At boot. @returns the disk's id, from 1; -EEXIST, -EINVAL */
  addDisk(spec: DiskSpec): number;
  disks(): readonly Readonly<Disk>[];
  /** @returns the disk or null. Hot path. */
  disk(id: number): Readonly<Disk> | null;
  /** @returns the id of the disk of that name, or 0 */
  find(name: string): number;
  /**
   * Move up to SECTORS_PER_FRAME sectors between a disk and the start of a frame. The frame is held until
   * `buffercache.completed(tag, errno)`, which may be called before this returns. What a write moves is the frame's
   * content when the request is carried out, which is after this call and before the completion.
   * @returns 0; -EIO beyond the disk's end or for a disk that is none; -EROFS
   */
  submit(disk: number, write: boolean, sector: number, sectors: number, frame: number, tag: number): number;
  /** Complete `tag` when all that was submitted before is durable. What is submitted later waits. @returns 0 or -EIO */
  flush(disk: number, tag: number): number;
  /** Requests queued or in service on a disk. */
  pending(disk: number): number;
  /** A completion of a host request of this slot's. */
  completed(request: number, result: HostResult): void;
  /** The timer of kind `block` with this disk for a target expired. */
  expired(disk: number): void;
}

export const block: Contract<Block> = {
  name: 'block',
  version: 1,
  operations: ['addDisk', 'disks', 'disk', 'find', 'submit', 'flush', 'pending', 'completed', 'expired'],
  interfaces: {},
};
