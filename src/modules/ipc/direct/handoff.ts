/**
 * Synchronous exchanges: who sends and will wait for the answer hands the CPU to the receiver.
 *
 * A thread that has received after each of its last sends, and whose last source is empty now, can only wait: its next receive
 * would block. Giving the CPU away at the send spares that wait, because the answer is there when it is asked for: the wait
 * record, the wake-up and the second run of the call. A stream never looks like that: its writer sends twice in a row, or finds
 * what it sent before unread. What is sent in parts, because it does not fit, is one message. State: `IpcState.talks`.
 */
import type { IpcState } from '../../../contracts/ipc.ts';
import type { Kernel } from '../../../contracts/kernel.ts';
import { createTalk, MOST_TALKS, type Talk } from '../../../contracts/talks.ts';

/** Exchanges in a row before a thread is believed. */
const BELIEVED = 2;

/** Kinds of channels, by number modulo 3. */
const PIPE = 0;
const SOCKET = 1;
const QUEUE = 2;
export const pipeChannel = (id: number): number => 3 * id + PIPE;
export const socketChannel = (id: number): number => 3 * id + SOCKET;
export const queueChannel = (id: number): number => 3 * id + QUEUE;

export interface Handoff {
  /**
   * Before a send: who waits there is to be remembered.
   * @param waiting the first of them; 0 = nobody @param begins false for the rest of a message
   */
  sends(tid: number, channel: number, waiting: number, begins: boolean): void;
  /** Bytes were sent to a channel that was empty before: give the CPU away if the sender will wait. */
  sent(tid: number, channel: number): void;
  receives(tid: number, channel: number): void;
  /** There is nothing to receive: the rest of a message, or the next one, comes from who is sent to. */
  waits(tid: number): void;
}

export function handoffs(state: IpcState, kernel: Kernel): Handoff {
  const { talks } = state;
  const talkOf = (tid: number): Talk => {
    const known = talks.get(tid);
    if (known !== undefined) return known;
    if (talks.size >= MOST_TALKS) {
      for (const first of talks.keys()) {
        talks.delete(first);
        break;
      }
    }
    const talk = createTalk();
    talks.set(tid, talk);
    return talk;
  };
  const isEmpty = (channel: number): boolean => {
    const id = Math.floor(channel / 3);
    switch (channel % 3) {
      case PIPE:
        return state.pipes.get(id)?.used === 0;
      case SOCKET:
        return state.sockets.sockets.get(id)?.queue.length === 0;
      default:
        return state.namedQueues.queues.get(id)?.messages.length === 0;
    }
  };

  return {
    sends(tid, channel, waiting, begins) {
      const talk = talkOf(tid);
      if (waiting !== 0) {
        talk.sink = channel;
        talk.peer = waiting;
      }
      if (!begins) return;
      if (talk.sent) talk.turns = 0;
      talk.sent = true;
    },
    sent(tid, channel) {
      const talk = talkOf(tid);
      if (talk.turns < BELIEVED || talk.sink !== channel || !isEmpty(talk.source)) return;
      kernel.scheduler.handoff?.(tid, talk.peer);
    },
    receives(tid, channel) {
      const talk = talkOf(tid);
      talk.source = channel;
      if (!talk.sent) return;
      talk.sent = false;
      if (talk.turns < BELIEVED) talk.turns++;
    },
    waits(tid) {
      const talk = talkOf(tid);
      if (talk.turns >= BELIEVED) kernel.scheduler.handoff?.(tid, talk.peer);
    },
  };
}
