/**
 * Module files that the embedding program names, and the rewritten twins of the modules that come with the kernel.
 *
 * Trusted code is evaluated as it stands; its twin is rewritten for probation, and is missing where the file
 * can not be rewritten.
 */
import type { TrustedModule } from '../../api/host.ts';
import { loggedModuleOf, SourceError } from './source.ts';

/** File of the package whose default export makes the twins of all built-in modules, in their order. */
export const LOGGED_MODULES = 'dist/logged-modules.js';

/** @param evaluate gives the default export of an ES module's text */
export async function loadTrusted(
  source: string,
  evaluate: (source: string) => Promise<unknown>,
): Promise<TrustedModule> {
  const exported = await evaluate(source);
  let logged: string;
  try {
    logged = loggedModuleOf(source);
  } catch (error) {
    if (error instanceof SourceError) return { exported, logged: null };
    throw error;
  }
  return { exported, logged: (await evaluate(logged)) as TrustedModule['logged'] };
}
