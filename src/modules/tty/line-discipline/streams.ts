/**
 * Host streams that are not a terminal, and the console's requests for input.
 *
 * At most one request is under way for each. The console keeps one up from its opening on, so that ^C works while nobody
 * reads, but not while its unread input has reached the limit; a stream asks only when someone wants to read.
 */
import { EAGAIN } from '../../../abi/linux/errno.ts';
import { POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../../abi/linux/poll.ts';
import type { HostResult } from '../../../contracts/host.ts';
import { type Kernel, type Spans, WAIT } from '../../../contracts/kernel.ts';
import type { Terminal, Tty, TtyState } from '../../../contracts/tty.ts';
import { copyFromSpans, copyToSpans } from '../../../lib/spans.ts';
import { inputRoom, receive } from './input.ts';
import { disconnect, endSession } from './job-control.ts';
import { EVERYONE } from './output.ts';

const CONSOLE_READ = 4096;
const STREAM_READ = 65536;

export type StreamOperations = Pick<
  Tty,
  'readStream' | 'writeStream' | 'pollStream' | 'armStream' | 'completed'
>;

/** Ask the host for keyboard input unless a request is under way or nothing more fits. */
export function requestConsole(state: TtyState, kernel: Kernel, terminal: Terminal): void {
  if (state.consoleRequest !== -1 || terminal.hungUp || inputRoom(terminal) === 0) return;
  state.consoleRequest = kernel.host.request('tty', { kind: 'input', stream: 0, length: CONSOLE_READ });
}

export function streamOperations(state: TtyState, kernel: Kernel): StreamOperations {
  const want = (): void => {
    const { stream } = state;
    if (stream.event === 0) stream.event = kernel.waits.newEvent();
    if (stream.request !== -1 || stream.ended || stream.input.length > 0) return;
    stream.request = kernel.host.request('tty', { kind: 'input', stream: 0, length: STREAM_READ });
  };
  const consoleInput = (bytes: Uint8Array): void => {
    const terminal = state.terminals.get(0);
    if (terminal === undefined) return;
    if (bytes.length === 0) {
      endSession(kernel, terminal, true);
      disconnect(kernel, terminal);
      return;
    }
    receive(kernel, terminal, bytes, bytes.length);
    requestConsole(state, kernel, terminal);
  };

  return {
    readStream(into: Spans, nonBlocking: boolean) {
      const { stream } = state;
      if (into.total === 0) return 0;
      if (stream.input.length > 0) {
        const count = Math.min(stream.input.length, into.total);
        copyToSpans(kernel, stream.input, 0, into, 0, count);
        stream.input = stream.input.subarray(count);
        return count;
      }
      if (stream.ended) return 0;
      want();
      if (nonBlocking) return -EAGAIN;
      kernel.waits.on(stream.event);
      kernel.waits.restart('restart');
      return WAIT;
    },
    writeStream(stream, from, skip) {
      const count = from.total - skip;
      if (count <= 0) return 0;
      const bytes = new Uint8Array(count);
      copyFromSpans(kernel, from, skip, bytes, 0, count);
      kernel.host.output(stream, bytes);
      return count;
    },
    pollStream(stream) {
      if (stream !== 0) return POLLOUT | POLLWRNORM;
      want();
      if (state.stream.input.length > 0) return POLLIN | POLLRDNORM;
      return state.stream.ended ? POLLHUP : 0;
    },
    armStream(stream) {
      if (stream !== 0) return;
      want();
      kernel.waits.on(state.stream.event);
    },
    completed(request: number, result: HostResult) {
      const bytes = result.errno === 0 && result.bytes !== undefined ? result.bytes : new Uint8Array(0);
      if (request === state.consoleRequest) {
        state.consoleRequest = -1;
        consoleInput(bytes);
      } else if (request === state.stream.request) {
        state.stream.request = -1;
        if (bytes.length === 0) state.stream.ended = true;
        // The host may use its buffer again.
        else state.stream.input = bytes.slice();
        kernel.waits.wake(state.stream.event, EVERYONE);
      }
    },
  };
}
