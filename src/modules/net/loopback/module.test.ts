/** The common suite, and what is this module's own. */
import { describe, expect, test } from 'vitest';
import { netConformance } from '../../../testing/net-suite.ts';
import { ANY4, ANY6, format, LOCAL4, parse, placeOf, reach } from './addresses.ts';
import { loopbackNet } from './module.ts';

const AF_INET = 2;
const AF_INET6 = 10;

describe('net/loopback', () => {
  for (const { name, run } of netConformance(loopbackNet)) test(name, run, 60_000);

  test('writes and reads the addresses of both families', () => {
    const place = { host: '\x7f\0\0\x02', port: 6379 };
    expect(format(place, AF_INET)).toBe('\x02\0\x18\xeb\x7f\0\0\x02\0\0\0\0\0\0\0\0');
    for (const family of [AF_INET, AF_INET6]) expect(placeOf(format(place, family), family)).toEqual(place);
    expect(format({ host: ANY6, port: 1 }, AF_INET6)).toHaveLength(28);
    expect(parse(format(place, AF_INET6), AF_INET, false)).toBe(-97);
    expect(parse('\x02\0\0', AF_INET, false)).toBe(-22);
  });

  test('reaches its own hosts and no other', () => {
    expect([reach(ANY4), reach('\x7f\x01\x02\x03')]).toEqual([LOCAL4, '\x7f\x01\x02\x03']);
    expect([reach('\x08\x08\x08\x08'), reach(`\x20\x01${'\0'.repeat(14)}`)]).toEqual([-101, -101]);
  });
});
