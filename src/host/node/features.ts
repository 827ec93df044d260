/**
 * Parts of WebAssembly that Node has but does not offer unless asked.
 */
import v8 from 'node:v8';

/** Ask for relaxed SIMD and branch hints. Newer engines have them anyhow, and complain of flags that they do not know. */
export function turnOnWasmFeatures(): void {
  const major = Number.parseInt(process.versions.v8, 10);
  if (major === 11) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  if (major === 11 || major === 12) v8.setFlagsFromString('--experimental-wasm-branch-hinting');
}
