import fc from 'fast-check';
import { test } from 'vitest';
import { cowVm } from '../src/modules/vm/cow/module.ts';
import { primitiveVm } from '../src/modules/vm/primitive/module.ts';
import { commandLists, playCommands } from '../src/testing/vm-model.ts';

test('vm/cow and vm/primitive take each other’s place between any two operations', () => {
  fc.assert(
    fc.property(commandLists, fc.boolean(), (commands, primitiveFirst) => {
      playCommands(primitiveFirst ? [primitiveVm, cowVm] : [cowVm, primitiveVm], commands);
    }),
    { numRuns: 300 },
  );
});
