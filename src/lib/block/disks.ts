/**
 * The operations of the slot `block`, but for the one decision that is a policy's: which request goes next.
 *
 * One request a disk is in service. A transfer that continues one that is queued joins it. A flush is a barrier: what came
 * after it waits until it is done. Holds no state.
 */
import { EEXIST, EINVAL, EIO, EROFS } from '../../abi/linux/errno.ts';
import {
  type Block,
  type BlockRequest,
  type BlockState,
  createBlockRequest,
  createDisk,
  type Disk,
  type DiskSpec,
  SECTORS_PER_FRAME,
} from '../../contracts/block.ts';
import type { Kernel } from '../../contracts/kernel.ts';
import { KernelFault } from '../kernel-fault.ts';
import { serviceNs } from './service.ts';
import { start, takeResult } from './transfer.ts';

/**
 * The request to carry out now. @param ready those that may go, in order of arrival, never empty @param now monotonic ns
 * The policy may keep what it needs in the disk's fields behind `head`.
 */
export type Choose = (disk: Disk, ready: readonly BlockRequest[], now: number) => BlockRequest;

/** Most sectors of one request: 512 KiB. */
const MOST_SECTORS = 1024;
const NAME = /^[a-z][a-z0-9]{0,14}$/;

function diskOf(state: BlockState, id: number): Disk {
  const disk = state.disks.get(id);
  if (disk === undefined) throw new KernelFault(`there is no disk ${id}`);
  return disk;
}

function addDisk(state: BlockState, spec: DiskSpec): number {
  const { name, sectors, readOnly, store, grant, timed } = spec;
  if (!NAME.test(name) || !Number.isSafeInteger(sectors) || sectors <= 0) return -EINVAL;
  for (const disk of state.disks.values()) if (disk.name === name) return -EEXIST;
  const disk = createDisk();
  Object.assign(disk, { id: state.disks.size + 1, name, sectors, readOnly, store, grant, timed });
  state.disks.set(disk.id, disk);
  return disk.id;
}

/** Put a transfer behind, or before, a queued one that it continues. @returns false if there is none */
function join(state: BlockState, disk: Disk, added: BlockRequest): boolean {
  let barrier = 0;
  for (const { id, disk: on, kind } of state.requests.values()) {
    if (on === disk.id && kind === 'flush') barrier = id;
  }
  for (const queued of state.requests.values()) {
    if (queued.disk !== disk.id || queued.kind !== added.kind || queued.id === disk.active) continue;
    if (queued.id < barrier || queued.sectors + added.sectors > MOST_SECTORS) continue;
    if (queued.sector + queued.sectors === added.sector && queued.sectors % SECTORS_PER_FRAME === 0) {
      queued.frames.push(...added.frames);
      queued.tags.push(...added.tags);
    } else if (added.sector + added.sectors === queued.sector && added.sectors % SECTORS_PER_FRAME === 0) {
      queued.frames.unshift(...added.frames);
      queued.tags.unshift(...added.tags);
      queued.sector = added.sector;
    } else continue;
    queued.sectors += added.sectors;
    disk.merges++;
    return true;
  }
  return false;
}

/** Those that no barrier holds back; a barrier itself once nothing is before it. */
function ready(state: BlockState, disk: Disk): BlockRequest[] {
  const result: BlockRequest[] = [];
  for (const request of state.requests.values()) {
    if (request.disk !== disk.id) continue;
    if (request.kind === 'flush') return result.length === 0 ? [request] : result;
    result.push(request);
  }
  return result;
}

/** @param choose the policy */
export function diskOperations(state: BlockState, kernel: Kernel, choose: Choose): Block {
  const now = (): number => kernel.clock.monotonic();

  const finish = (disk: Disk, request: BlockRequest, errno: number): void => {
    disk.active = 0;
    disk.transfers++;
    disk.moved += request.sectors;
    state.requests.delete(request.id);
    for (const frame of request.frames) kernel.frames.unref(frame);
    for (const tag of request.tags) kernel.buffercache.completed(tag, errno);
  };

  /** The content was moved: complete the request now, or when its time is up. */
  const moved = (disk: Disk, request: BlockRequest, errno: number): void => {
    const took = serviceNs(disk, request);
    if (request.kind !== 'flush') disk.head = request.sector + request.sectors;
    disk.busyNs += took;
    if (!disk.timed) {
      finish(disk, request, errno);
      return;
    }
    disk.outcome = errno;
    kernel.clock.arm('block', disk.id, now() + took);
  };

  const pump = (disk: Disk): void => {
    while (disk.active === 0) {
      const able = ready(state, disk);
      if (able.length === 0) return;
      const request =
        (able[0] as BlockRequest).kind === 'flush' ? (able[0] as BlockRequest) : choose(disk, able, now());
      disk.active = request.id;
      const asked = start(kernel, disk, request);
      if (asked > 0) disk.hostRequest = asked;
      else moved(disk, request, asked);
    }
  };

  const enqueue = (disk: Disk, request: BlockRequest): void => {
    for (const frame of request.frames) kernel.frames.ref(frame);
    if (request.kind !== 'flush' && join(state, disk, request)) return;
    request.id = state.nextRequest++;
    state.requests.set(request.id, request);
    pump(disk);
  };

  const make = (disk: Disk, kind: BlockRequest['kind'], tag: number): BlockRequest => {
    const request = createBlockRequest();
    request.disk = disk.id;
    request.kind = kind;
    request.tags = [tag];
    request.arrived = now();
    return request;
  };

  return {
    addDisk: (spec) => addDisk(state, spec),
    disks: () => [...state.disks.values()],
    disk: (id) => state.disks.get(id) ?? null,
    find(name) {
      for (const disk of state.disks.values()) if (disk.name === name) return disk.id;
      return 0;
    },
    submit(id, write, sector, sectors, frame, tag) {
      const disk = state.disks.get(id);
      if (disk === undefined || sector < 0 || sectors <= 0 || sector + sectors > disk.sectors) return -EIO;
      if (sectors > SECTORS_PER_FRAME) throw new KernelFault('a transfer of more than a frame');
      if (write && disk.readOnly) return -EROFS;
      const request = make(disk, write ? 'write' : 'read', tag);
      request.sector = sector;
      request.sectors = sectors;
      request.frames = [frame];
      enqueue(disk, request);
      return 0;
    },
    flush(id, tag) {
      const disk = state.disks.get(id);
      if (disk === undefined) return -EIO;
      enqueue(disk, make(disk, 'flush', tag));
      return 0;
    },
    pending(id) {
      let count = 0;
      for (const { disk } of state.requests.values()) if (disk === id) count++;
      return count;
    },
    completed(hostRequest, result) {
      for (const disk of state.disks.values()) {
        if (disk.hostRequest !== hostRequest) continue;
        disk.hostRequest = 0;
        const request = state.requests.get(disk.active);
        if (request === undefined) throw new KernelFault(`disk ${disk.name} serves no request`);
        moved(disk, request, takeResult(kernel, request, result));
        pump(disk);
        return;
      }
    },
    expired(id) {
      const disk = diskOf(state, id);
      const request = state.requests.get(disk.active);
      if (request === undefined) return;
      finish(disk, request, disk.outcome);
      pump(disk);
    },
  };
}
