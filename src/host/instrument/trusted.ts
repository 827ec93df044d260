/**
 * Module files that the embedding program names.
 *
 * Trusted code is evaluated as it stands; its twin is rewritten for probation, and is missing where the file
 * can not be rewritten.
 */
import type { TrustedModule } from '../../api/host.ts';
import { loggedModuleOf, SourceError, textOf } from './source.ts';

/** Rejects with SourceError where it is no text. @param evaluate gives the default export of an ES module's text */
export async function loadTrusted(
  image: Uint8Array,
  evaluate: (source: string) => Promise<unknown>,
): Promise<TrustedModule> {
  const source = textOf(image);
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
