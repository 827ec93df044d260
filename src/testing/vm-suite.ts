/**
 * What every virtual memory must do, whatever it shares and when it fills pages (`vmConformance`).
 */
import fc from 'fast-check';
import type { Module } from '../contracts/module.ts';
import type { Vm, VmState } from '../contracts/vm.ts';
import type { Check } from './check.ts';
import { commandLists } from './vm-commands.ts';
import { playCommands } from './vm-model.ts';

/** @param others modules that it must be able to trade places with, at any point; only itself unless told */
export function vmConformance(
  module: Module<Vm, VmState>,
  others: readonly Module<Vm, VmState>[] = [],
): readonly Check[] {
  const play = (modules: readonly Module<Vm, VmState>[]): void =>
    fc.assert(
      fc.property(commandLists, (commands) => playCommands(modules, commands)),
      { numRuns: 100 },
    );
  return [
    { name: 'behaves as memory does, through exchanges with itself', run: () => play([module]) },
    ...others.map((other) => ({
      name: `behaves as memory does, through exchanges with ${other.manifest.name}`,
      run: () => play([module, other]),
    })),
  ];
}
