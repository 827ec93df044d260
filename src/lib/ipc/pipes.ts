/**
 * Pipes and FIFOs of the slot `ipc`: ends, blocking and wake-ups.
 *
 * A wake-up reaches everyone who waits, readers and pollers alike; each looks again. Writers are woken once PIPE_BUF
 * bytes are free, so that an atomic write is never woken in vain and a slow reader does not wake them for each byte.
 * Source: pipe(7), fifo(7).
 */
import { EAGAIN, EBUSY, EINVAL, ENFILE, EPERM, EPIPE } from '../../abi/linux/errno.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../abi/linux/poll.ts';
import {
  createPipe,
  type Ipc,
  type IpcState,
  type PacketPipes,
  PIPE_BUF,
  type Pipe,
  type SplicedPipes,
} from '../../contracts/ipc.ts';
import { type Kernel, type Spans, WAIT } from '../../contracts/kernel.ts';
import { KernelFault } from '../kernel-fault.ts';
import {
  bound,
  consume,
  copyOut,
  drain,
  drainPackets,
  fill,
  joins,
  resize,
  room,
  roomBesidePackets,
  type Spare,
} from './ring.ts';

/** What /proc/sys/fs/pipe-max-size says. */
const LARGEST_CAPACITY = 1048576;
/** pipe-user-pages-soft, for all together: beyond it a pipe gets SMALL_CAPACITY and can not be made larger. */
const MOST_BYTES = 64 << 20;
const SMALL_CAPACITY = 2 * PIPE_BUF;
const MOST_PIPES = 8192;
const EVERYONE = 0x7fffffff;

export type PipeOperations = Pick<
  Ipc,
  | 'createPipe'
  | 'fifo'
  | 'openEnd'
  | 'closeEnd'
  | 'awaitPeer'
  | 'peerOpens'
  | 'readPipe'
  | 'writePipe'
  | 'pollPipe'
  | 'armPipe'
  | 'pipeBytes'
  | 'pipeCapacity'
  | 'setPipeCapacity'
> &
  PacketPipes &
  SplicedPipes;

/** @param kept a drained ring that is larger is given back, so that idle pipes cost little in a snapshot */
export function pipeOperations(state: IpcState, kernel: Kernel, kept: number): PipeOperations {
  const spare: Spare = { kept, buffer: null };
  const find = (id: number): Pipe => {
    const pipe = state.pipes.get(id);
    if (pipe === undefined) throw new KernelFault(`no pipe ${id}`);
    return pipe;
  };
  const wait = (event: number): number => {
    kernel.waits.on(event);
    kernel.waits.restart('restart');
    return WAIT;
  };
  const capacities = (): number => {
    let bytes = 0;
    for (const { capacity } of state.pipes.values()) bytes += capacity;
    return bytes;
  };
  const make = (): number => {
    if (state.pipes.size >= MOST_PIPES) return -ENFILE;
    const pipe = createPipe();
    if (state.pipes.size * pipe.capacity > MOST_BYTES / 4 && capacities() + pipe.capacity > MOST_BYTES) {
      pipe.capacity = SMALL_CAPACITY;
    }
    pipe.id = state.nextPipe++;
    pipe.readEvent = kernel.waits.newEvent();
    pipe.writeEvent = kernel.waits.newEvent();
    pipe.openEvent = kernel.waits.newEvent();
    state.pipes.set(pipe.id, pipe);
    return pipe.id;
  };
  const roomOf = (pipe: Pipe): number => (pipe.packets.length > 0 ? roomBesidePackets(pipe) : room(pipe));
  const free = (pipe: Pipe): void => {
    state.pipes.delete(pipe.id);
    for (const [inode, id] of state.fifos) if (id === pipe.id) state.fifos.delete(inode);
  };

  const pipes: PipeOperations = {
    createPipe: make,
    fifo(inode) {
      const open = state.fifos.get(inode);
      if (open !== undefined) return open;
      const id = make();
      if (id >= 0) state.fifos.set(inode, id);
      return id;
    },
    openEnd(id, reader, writer) {
      const pipe = find(id);
      if (reader) {
        pipe.readers++;
        pipe.readerOpens++;
      }
      if (writer) {
        pipe.writers++;
        pipe.writerOpens++;
      }
      kernel.waits.wake(pipe.openEvent, EVERYONE);
    },
    closeEnd(id, reader, writer) {
      const pipe = find(id);
      if (reader) pipe.readers--;
      if (writer) pipe.writers--;
      if (pipe.readers === 0) kernel.waits.wake(pipe.writeEvent, EVERYONE);
      if (pipe.writers === 0) kernel.waits.wake(pipe.readEvent, EVERYONE);
      if (pipe.readers === 0 && pipe.writers === 0) free(pipe);
    },
    awaitPeer(id, reader, opens) {
      const pipe = find(id);
      const there = reader ? pipe.writers : pipe.readers;
      const opened = reader ? pipe.writerOpens : pipe.readerOpens;
      return there > 0 || opened !== opens ? 0 : wait(pipe.openEvent);
    },
    peerOpens(id, reader) {
      const pipe = find(id);
      return reader ? pipe.writerOpens : pipe.readerOpens;
    },

    readPipe(id: number, into: Spans, nonBlocking: boolean) {
      const pipe = find(id);
      if (into.total === 0) return 0;
      if (pipe.used === 0) {
        if (pipe.writers === 0) return 0;
        return nonBlocking ? -EAGAIN : wait(pipe.readEvent);
      }
      const bounded = pipe.packets.length > 0;
      const count = bounded ? drainPackets(kernel, pipe, into, spare) : Math.min(pipe.used, into.total);
      if (!bounded) drain(kernel, pipe, into, count, spare);
      if (roomOf(pipe) >= PIPE_BUF) kernel.waits.wake(pipe.writeEvent, EVERYONE);
      return count;
    },
    writePipe(id: number, from: Spans, skip: number, nonBlocking: boolean) {
      const pipe = find(id);
      const left = from.total - skip;
      if (left <= 0) return 0;
      if (pipe.readers === 0) return -EPIPE;
      const free = roomOf(pipe);
      if (free < (from.total <= PIPE_BUF ? left : 1)) return nonBlocking ? -EAGAIN : wait(pipe.writeEvent);
      const count = Math.min(left, free);
      fill(kernel, pipe, from, skip, count, spare);
      if (pipe.packets.length > 0) bound(pipe, -count);
      kernel.waits.wake(pipe.readEvent, EVERYONE);
      return count;
    },
    writePacket(id, from, skip, nonBlocking) {
      const pipe = find(id);
      const count = Math.min(from.total - skip, PIPE_BUF);
      if (count <= 0) return 0;
      if (pipe.readers === 0) return -EPIPE;
      // As in Linux, what follows bytes without bounds in their page becomes part of them.
      if (joins(pipe, count)) return pipes.writePipe(id, from, skip, nonBlocking);
      const pages = pipe.packets.length > 0 ? 0 : Math.ceil(pipe.used / PIPE_BUF);
      if (roomOf(pipe) < PIPE_BUF || pipe.capacity <= pages * PIPE_BUF)
        return nonBlocking ? -EAGAIN : wait(pipe.writeEvent);
      fill(kernel, pipe, from, skip, count, spare);
      bound(pipe, count);
      kernel.waits.wake(pipe.readEvent, EVERYONE);
      return count;
    },
    peekPipe(id, skip, into, nonBlocking) {
      const pipe = find(id);
      if (pipe.used === 0) {
        if (pipe.writers === 0) return 0;
        return nonBlocking ? -EAGAIN : wait(pipe.readEvent);
      }
      const count = Math.max(0, Math.min(pipe.used - skip, into.total));
      if (count > 0) copyOut(kernel, pipe, skip, into, count);
      return count;
    },
    dropPipe(id, count) {
      const pipe = find(id);
      consume(pipe, count, spare);
      if (roomOf(pipe) >= PIPE_BUF) kernel.waits.wake(pipe.writeEvent, EVERYONE);
    },
    awaitRoom(id, nonBlocking) {
      const pipe = find(id);
      if (pipe.readers === 0) return -EPIPE;
      const free = roomOf(pipe);
      if (free > 0) return free;
      return nonBlocking ? -EAGAIN : wait(pipe.writeEvent);
    },
    pollPipe(id, reader, writer) {
      const pipe = find(id);
      let ready = 0;
      if (reader) {
        if (pipe.used > 0) ready |= POLLIN | POLLRDNORM;
        // A FIFO that no writer has opened yet is not hung up.
        if (pipe.writers === 0 && pipe.writerOpens > 0) ready |= POLLHUP;
      }
      if (writer) {
        if (roomOf(pipe) >= PIPE_BUF) ready |= POLLOUT | POLLWRNORM;
        if (pipe.readers === 0) ready |= POLLERR;
      }
      return ready;
    },
    armPipe(id, reader, writer) {
      const pipe = find(id);
      if (reader) kernel.waits.on(pipe.readEvent);
      if (writer) kernel.waits.on(pipe.writeEvent);
    },
    pipeBytes: (id) => find(id).used,
    pipeCapacity: (id) => find(id).capacity,
    setPipeCapacity(id, bytes) {
      const pipe = find(id);
      if (bytes < 0 || bytes > 0x80000000) return -EINVAL;
      let capacity = PIPE_BUF;
      while (capacity < bytes) capacity *= 2;
      if (capacity > LARGEST_CAPACITY) return -EPERM;
      if (capacity > pipe.capacity && capacities() - pipe.capacity + capacity > MOST_BYTES) return -EPERM;
      if (pipe.used > capacity || pipe.capacity - roomOf(pipe) > capacity) return -EBUSY;
      resize(pipe, capacity);
      if (roomOf(pipe) >= PIPE_BUF) kernel.waits.wake(pipe.writeEvent, EVERYONE);
      return capacity;
    },
  };
  return pipes;
}
