/** Limits of ipc below /proc/sys: what is written there is kept by the module, through any replacement of it. */
import { describe, expect, it } from 'vitest';
import { runGuest } from '../support/guest.ts';

const SCRIPT = `
cd /proc/sys
cat kernel/sem kernel/msgmni fs/mqueue/msg_max
echo 7 > kernel/msgmni
echo '250 32000' > kernel/sem
echo 100 > fs/mqueue/msg_max
cat kernel/sem kernel/msgmni fs/mqueue/msg_max
for bad in -1 x 0 70000; do echo $bad > fs/mqueue/msg_max || echo refused $bad; done
cat fs/mqueue/msg_max
`;
const EXPECTED = [
  '32000\t1024000000\t500\t32000',
  '32000',
  '10',
  '250\t32000\t500\t32000',
  '7',
  '100',
  ...['-1', 'x', '0', '70000'].map((bad) => `refused ${bad}`),
  '100',
  '',
];

describe('limits of ipc', () => {
  it('are read, set where they are in range, and go from module to module', async () => {
    const fixed = { deterministic: true, digest: 'full' } as const;
    const plain = await runGuest(['/bin/sh', '-c', SCRIPT], fixed);
    expect(plain.stdout.split('\n')).toEqual(EXPECTED);
    const replace = ['ipc=direct@every:2entries', 'ipc=basic@every:3entries'];
    const replaced = await runGuest(['/bin/sh', '-c', SCRIPT], { ...fixed, replace, transfer: 'copy' });
    expect(replaced.stdout.split('\n')).toEqual(EXPECTED);
    expect(replaced.digest).toBe(plain.digest);
  });
});
