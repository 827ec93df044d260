/**
 * The record of user memory (`UserMemory.record`) over the `read` and `write` of a fake kernel.
 */
import { RECORD_SIZE, type UserMemory } from '../contracts/kernel.ts';

type Copies = Pick<UserMemory, 'read' | 'write'>;
type Records = Pick<UserMemory, 'record' | 'blankRecord' | 'readRecord' | 'writeRecord' | 'writePair'>;

export function fakeRecords(user: Copies): Records {
  const bytes = new Uint8Array(RECORD_SIZE);
  const record = new DataView(bytes.buffer);
  return {
    record,
    blankRecord(size) {
      bytes.fill(0, 0, size);
      return record;
    },
    readRecord: (tid, va, size) => user.read(tid, va, bytes.subarray(0, size)),
    writeRecord: (tid, va, size) => user.write(tid, va, bytes.subarray(0, size)),
    writePair(tid, va, first, second) {
      const pair = new BigInt64Array([BigInt(first), BigInt(second)]);
      return user.write(tid, va, new Uint8Array(pair.buffer));
    },
  };
}
