/**
 * The interpreter's machine code as bytes.
 *
 * A file of its own, so that a bundle can hold the bytes in place of all that they are built by (tools/build-command.ts):
 * building them takes 15 ms in a fresh process.
 */
import { buildEngine } from './run.ts';

/** @returns the bytes of a Wasm module with the exports of EngineExports */
export const engineCode = (shared: boolean): Uint8Array => buildEngine(shared);
