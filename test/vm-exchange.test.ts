import fc from 'fast-check';
import { test } from 'vitest';
import { cowVm } from '../src/modules/vm/cow/module.ts';
import { pagingVm } from '../src/modules/vm/paging/module.ts';
import { primitiveVm } from '../src/modules/vm/primitive/module.ts';
import { commandLists } from '../src/testing/vm-commands.ts';
import { playCommands } from '../src/testing/vm-model.ts';

const modules = [cowVm, primitiveVm, pagingVm];

test('the modules of slot vm take each other’s place between any two operations', () => {
  fc.assert(
    fc.property(commandLists, fc.shuffledSubarray(modules, { minLength: 2 }), (commands, order) => {
      playCommands(order, commands);
    }),
    { numRuns: 400 },
  );
});
