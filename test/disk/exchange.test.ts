/** Schedulers, caches and file systems exchanged while programs work on a disk. */
import { describe, expect, test } from 'vitest';
import type { GuestOptions, GuestRun } from '../support/guest.ts';
import { complaints } from '../support/e2fsprogs.ts';
import { copyOf, image, root, runScript } from './support.ts';

const LONG = { timeout: 300_000 };

/** Transactions in both kinds of journal. */
const DATABASE = `cd /mnt
for mode in delete wal; do
{ echo "pragma journal_mode=$mode; create table t(a integer primary key, b text); create index i on t(b);"
i=0; while [ $i -lt 12 ]; do echo "begin; insert into t(b) select hex(randomblob(150)) from generate_series(1,20); update t set b='x'||b where a%7=$((i % 7)); commit;"; i=$((i + 1)); done
echo "pragma integrity_check; select count(*) from t;"; } | sqlite3 $mode.db
done`;
const SAID = 'delete\nok\n240\nwal\nok\n240\n';

const FILES = `cd /mnt
for d in a b c; do mkdir $d; for f in 1 2 3 4 5 6; do seq 1 $((f * 300)) > $d/$f; done; done
sync; mv a b/a; rm -r c; cat b/a/* b/[1-6] | md5sum; ls -lR | wc -l; df -k . | tail -1 | cut -d' ' -f1`;

describe.skipIf(root === null)('on a disk', LONG, () => {
  const fresh = root === null ? '' : image(8192, ['-b', '1024']);
  const play = async (script: string, options: GuestOptions): Promise<GuestRun> => {
    const file = copyOf(fresh);
    const run = await runScript(script, {
      digest: 'full',
      seed: 1,
      disks: [{ name: 'vda', file }],
      mounts: [{ disk: 'vda', guest: '/mnt' }],
      ...options,
    });
    expect([run.stderr, run.status]).toEqual(['', { code: 0, signal: 0 }]);
    expect(complaints(file)).toBe('');
    const refused = run.stats.replacements.flatMap(({ failed }) => failed ?? []);
    expect(refused).toEqual([]);
    return run;
  };

  test('sqlite3 goes on while the disk schedulers and the caches are exchanged for each other', async () => {
    const plain = await play(DATABASE, {});
    expect(plain.stdout).toBe(SAID);
    for (const replace of [
      ['block=fifo@every:3entries'],
      ['block=fifo@every:2entries', 'buffercache=lru@every:5entries'],
    ]) {
      for (const transfer of ['move', 'copy'] as const) {
        const run = await play(DATABASE, { replace, transfer });
        expect(run.stdout).toBe(SAID);
        expect(run.stats.replacements.length + run.stats.replacementsDropped).toBeGreaterThan(500);
      }
    }
  });

  test.each(['block=deadline', 'buffercache=two-queue', 'filesystem=ext2'])(
    '%s replaced at every entry, as bytes: the same digest',
    async (cell) => {
      const plain = await play(FILES, {});
      const run = await play(FILES, { replace: [`${cell}@every:1entries`], transfer: 'copy' });
      expect(run.stats.replacements.length + run.stats.replacementsDropped).toBeGreaterThan(
        plain.stats.kernelEntries - 1000,
      );
      expect([run.stdout, run.digest]).toEqual([plain.stdout, plain.digest]);
    },
  );

  test('on a timed disk the order counts: several readers are done sooner by deadline than by fifo', async () => {
    const readers = `for i in 0 1 2 3 4 5 6 7; do
( k=0; while [ $k -lt 12 ]; do dd if=/dev/vdb of=/dev/null bs=4096 count=1 skip=$(( (i * 9973 + k * 7919) % 60000 )) 2>/dev/null; k=$((k + 1)); done ) & done; wait; cut -d' ' -f1 /proc/uptime`;
    const took = async (options: GuestOptions): Promise<number> => {
      const run = await runScript(readers, {
        disks: [{ name: 'vdb', ram: 256 << 20, timed: true }],
        ...options,
      });
      expect(run.status).toEqual({ code: 0, signal: 0 });
      return Number(run.stdout);
    };
    const fifo = await took({ modules: { block: 'fifo' } });
    const deadline = await took({});
    const both = await took({ replace: ['block=fifo@every:7entries'], transfer: 'copy' });
    expect(deadline).toBeLessThan(fifo * 0.85);
    expect(both).toBeLessThan(fifo * 1.05);
    expect(await took({})).toBe(deadline);
  });
});
