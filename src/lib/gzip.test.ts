/** Node's own gunzip reads what is made. */
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { crc32, gzipped } from './gzip.ts';

it.each(['', 'a', 'CONFIG_X=y\n'.repeat(400), '\x00\x7f\x80\xff'])('%j comes back', (text) => {
  expect(gunzipSync(Buffer.from(gzipped(text), 'latin1')).toString('latin1')).toBe(text);
});

it('has the check sum of the standard', () => {
  expect(crc32('123456789')).toBe(0xcbf43926);
});
