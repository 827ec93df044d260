/** What an engine finds in its region that others have had: nothing of theirs may be taken for its own. */
import { expect, test } from 'vitest';
import { createMachine, type Machine } from '../../src/machine/machine.ts';
import {
  ENGINE_BYTES,
  FLAT_ENTRY_SHIFT,
  H_FORMAT,
  H_TOUCHED_COUNT,
  planRegion,
} from '../../src/machine/interpreter/region.ts';
import { createInterpreter } from '../../src/modules/engine/interpreter/module.ts';
import { createJit } from '../../src/modules/engine/jit/module.ts';
import { planTables } from '../../src/modules/engine/jit/tables.ts';

const PAGE = 5;

function machine(): { m: Machine; header: number; flat: number; touched: number } {
  const m = createMachine({ memoryBytes: 1 << 20, harts: 1, contexts: 1, engineBytes: ENGINE_BYTES }, false);
  const { flatRead, touched } = planTables(m.layout);
  return {
    m,
    header: planRegion(m.layout).header >>> 2,
    flat: (flatRead + (PAGE << FLAT_ENTRY_SHIFT)) >>> 2,
    touched: touched >>> 2,
  };
}

test('pages that the tables of a translating engine knew are forgotten when it comes back', () => {
  const { m, header, flat, touched } = machine();
  createJit(m);
  m.u32[flat] = 0x1000;
  m.u32[touched] = PAGE;
  m.u32[header + H_TOUCHED_COUNT / 4] = 1;
  // Mappings change while another engine runs, and it tells nobody.
  createInterpreter(m);
  createJit(m);
  expect(m.u32[flat]).toBe(0);
  expect(m.u32[header + H_TOUCHED_COUNT / 4]).toBe(0);
});

test('what an engine of another layout left behind is cleared', () => {
  const { m, header, flat } = machine();
  m.u32[header + H_FORMAT / 4] = 1;
  m.u32[flat] = 0x1000;
  createInterpreter(m);
  createJit(m);
  expect(m.u32[flat]).toBe(0);
});
