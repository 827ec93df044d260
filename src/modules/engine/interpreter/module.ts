/**
 * Engine `interpreter`: predecoded instructions dispatched by one Wasm function.
 *
 * No translation to wait for and little memory, so it is what a program starts on. How is in lib/interpreter. The state is
 * empty: TLB and records lie in the machine's engine region and are made again at will.
 */
import { type Engine, engineLayout, type EngineState } from '../../../contracts/engine.ts';
import type { Module } from '../../../contracts/module.ts';
import { createInterpreterCore } from '../../../machine/interpreter/interpreter.ts';
import { selfTest } from '../../../machine/interpreter/self-test.ts';
import type { Machine } from '../../../machine/machine.ts';

export { ENGINE_BYTES } from '../../../machine/interpreter/region.ts';

/** Build the engine over a machine. Takes over the engine region. */
export function createInterpreter(m: Machine): Engine {
  const { stretch, flushHart, flushPage, flushCode, invalidateFrame } = createInterpreterCore(m);
  return { run: stretch, flushHart, flushPage, flushCode, invalidateFrame };
}

export const interpreterEngine: Module<Engine, EngineState> = {
  manifest: {
    slot: 'engine',
    name: 'interpreter',
    version: '1.0.0',
    contract: 1,
    interfaces: [],
    needs: {},
    description: 'Interprets predecoded instructions in one WebAssembly function',
  },
  layout: engineLayout,
  create: (_state, kernel) => createInterpreter(kernel.machine),
  selfTest: () => selfTest(createInterpreter),
};
export default interpreterEngine;
