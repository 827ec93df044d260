/**
 * Commands for a virtual memory, and lists of them to try: what vm-model.ts plays.
 */
import fc from 'fast-check';

/** Fixed addresses lie in these pages; the heap follows. */
export const FIRST = 256;
export const SPAN = 16;
export const HEAP: number = FIRST + SPAN + 4;
export const HEAP_PAGES = 5;

export type Command =
  | { kind: 'map'; page: number; pages: number; prot: number; source: Source; offset: number; fixed: boolean }
  | { kind: 'unmap'; page: number; pages: number }
  | { kind: 'protect'; page: number; pages: number; prot: number }
  | { kind: 'remap'; page: number; pages: number; newPages: number; move: boolean; to: number | null }
  | { kind: 'discard'; page: number; pages: number }
  | { kind: 'store'; page: number; value: number }
  | { kind: 'load'; page: number }
  | { kind: 'brk'; pages: number }
  | { kind: 'fork' }
  | { kind: 'exit' }
  | { kind: 'switch'; to: number }
  | { kind: 'make'; pages: number }
  | { kind: 'drop'; which: number }
  | { kind: 'relieve'; frames: number }
  | { kind: 'exchange'; module: number; copy: boolean };
export type Source = 'private' | 'shared' | 'object' | 'private-file' | 'shared-file' | 'read-only-file';

const page = fc.integer({ min: FIRST, max: FIRST + SPAN - 1 });
const anyPage = fc.integer({ min: FIRST, max: HEAP + HEAP_PAGES });
const pages = fc.integer({ min: 1, max: 6 });
const prot = fc.constantFrom(0, 1, 2, 3, 3, 3, 5, 7);

/** Any sequence of commands; those that exchange the module only where there is more than one. */
export const commandLists: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('map' as const),
        page,
        pages,
        prot,
        source: fc.constantFrom<Source>(
          'private',
          'private',
          'shared',
          'object',
          'private-file',
          'shared-file',
          'read-only-file',
        ),
        offset: fc.nat(5),
        fixed: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('unmap' as const), page, pages }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('protect' as const), page: anyPage, pages, prot }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('remap' as const),
        page: anyPage,
        pages,
        newPages: pages,
        move: fc.boolean(),
        to: fc.option(page),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('discard' as const), page: anyPage, pages }) },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('store' as const),
        page: anyPage,
        value: fc.integer({ min: 1, max: 255 }),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('load' as const), page: anyPage }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('brk' as const), pages: fc.nat(HEAP_PAGES) }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'fork' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'exit' as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('switch' as const), to: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('make' as const), pages }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), which: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('relieve' as const),
        frames: fc.integer({ min: 1, max: 40 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('exchange' as const), module: fc.nat(3), copy: fc.boolean() }),
    },
  ),
  { minLength: 20, maxLength: 120, size: 'max' },
);
