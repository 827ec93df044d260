/**
 * Evaluating a guest's module file with none of the host's powers: SES lockdown, then a compartment.
 *
 * The kernel and the module share one realm, because the kernel calls the module thousands of times in a millisecond.
 * So the realm itself is made safe: lockdown freezes the built-in objects and takes `Function` off every object's
 * constructor chain; a compartment has no global but the harmless ones. Done at the first such file,
 * for it costs some 60 ms and can not be undone. Which objects of the kernel's own a module reaches is the nucleus's.
 */
import { reasonOf } from '../../lib/reason.ts';
import type { Make } from '../../api/host.ts';
import { scriptsOf, SourceError, textOf } from '../instrument/source.ts';

/** What SES puts into the global scope. */
interface SesGlobals {
  readonly lockdown: (options: Readonly<Record<string, string>>) => void;
  readonly Compartment: new (options: {
    readonly globals: Readonly<Record<string, unknown>>;
    readonly name: string;
    readonly __options__: true;
  }) => { readonly globalThis: Record<string, unknown>; evaluate(script: string): unknown };
}

/**
 * `overrideTaming: min` keeps the methods of arrays plain properties; with SES's default they become accessors.
 * Errors and the console stay the embedding program's, but for stacks, which would tell where its files lie.
 */
const LOCKDOWN = {
  overrideTaming: 'min',
  errorTaming: 'safe',
  consoleTaming: 'unsafe',
  errorTrapping: 'none',
  unhandledRejectionTrapping: 'none',
  localeTaming: 'unsafe',
  domainTaming: 'unsafe',
  reporting: 'none',
} as const;

/** Harmless, but kept out by SES because two compartments could signal through the bits of a NaN. State holds them. */
const GLOBALS = { Float32Array, Float64Array } as const;

/**
 * What a compartment comes with and a module has no use for. Without the makers of code and of promises, nothing of
 * a module runs outside of the kernel's calls to it.
 */
const REMOVED = ['Promise', 'eval', 'Function', 'Compartment', 'lockdown', 'TextEncoder', 'TextDecoder'];

let locked: Promise<SesGlobals> | null = null;

/** Lock the realm down, once. An embedding program that has done so itself with SES is taken as it is. */
function lockRealm(): Promise<SesGlobals> {
  locked ??= (async (): Promise<SesGlobals> => {
    const globals = globalThis as unknown as SesGlobals;
    if (Object.isFrozen(Object.prototype) && typeof globals.Compartment === 'function') return globals;
    await import('ses');
    globals.lockdown(LOCKDOWN);
    return globals;
  })();
  return locked;
}

/**
 * Evaluate a module file in a compartment of its own. Rejects with an Error that says why it can not be.
 * @returns what makes its default export for a kernel: one that counts steps, and one that logs writes as well
 */
export async function loadConfined(image: Uint8Array): Promise<{ counted: Make; logged: Make }> {
  const scripts = scriptsOf(textOf(image));
  const { Compartment } = await lockRealm();
  const compartment = new Compartment({ globals: GLOBALS, name: 'guest module', __options__: true });
  for (const name of REMOVED) delete compartment.globalThis[name];
  try {
    const counted = compartment.evaluate(scripts.counted) as Make;
    return { counted, logged: compartment.evaluate(scripts.logged) as Make };
  } catch (error) {
    // A fresh error: the one that was thrown may be the module's own making.
    throw new SourceError(reasonOf(error));
  }
}
