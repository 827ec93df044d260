/**
 * How long a timed disk takes for a request: a model of one head over a spinning disk.
 *
 * Where the head already is, only the transfer counts; else a seek that grows with the square root of the way, and half a
 * turn. Figures of a desktop disk with 7200 turns a minute. Holds no state.
 */
import { type BlockRequest, type Disk, SECTOR } from '../../contracts/block.ts';

/** For each request. */
const OVERHEAD_NS = 50_000;
/** To the next track, and what the way over the whole disk takes on top. */
const SEEK_NS = 500_000;
const STROKE_NS = 8_000_000;
/** Half of a turn. */
const ROTATION_NS = 4_167_000;
/** 150 MB/s. */
const NS_PER_SECTOR: number = Math.round((SECTOR / 150e6) * 1e9);

export function serviceNs(disk: Readonly<Disk>, request: Readonly<BlockRequest>): number {
  if (!disk.timed) return 0;
  if (request.kind === 'flush') return OVERHEAD_NS;
  const way = Math.abs(request.sector - disk.head);
  const seek = way === 0 ? 0 : SEEK_NS + Math.round(STROKE_NS * Math.sqrt(way / disk.sectors)) + ROTATION_NS;
  return OVERHEAD_NS + seek + request.sectors * NS_PER_SECTOR;
}
