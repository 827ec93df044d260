/**
 * What is thrown, in words.
 */
import { expect, test } from 'vitest';
import { reasonOf } from './reason.ts';

test.each([
  [new RangeError('too far'), 'too far'],
  ['a string', 'a string'],
  [42, '42'],
  [null, 'null'],
  [new Error(''), 'no reason given'],
  [new Error('a\nb\u001b[2J\u{1f600}'), 'a?b?[2J??'],
  [new Error('x'.repeat(1000)), `${'x'.repeat(300)}...`],
  [{ toString: (): string => 'made' }, 'made'],
  [
    {
      toString: (): never => {
        throw new Error('no');
      },
    },
    'no reason that can be shown',
  ],
  [Object.create(null), 'no reason that can be shown'],
  [
    new Proxy(new Error('x'), {
      getPrototypeOf: (): never => {
        throw new Error('no');
      },
    }),
    'no reason that can be shown',
  ],
])('%#', (thrown, expected) => {
  expect(reasonOf(thrown)).toBe(expected);
});
