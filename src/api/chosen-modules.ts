/**
 * Modules that a boot or a replacement names: those that come with the kernel, and files of the host.
 */
import type { SlotName } from '../contracts/module.ts';
import { type AnyModule, chooseVersion, Refusal } from '../nucleus/registry.ts';
import type { KernelHost, Make, TrustedModule } from './host.ts';

/** True for the name of a file rather than of a module. */
export const isPath = (name: string): boolean => name.includes('/') || /\.m?js$/.test(name);

/** Load a module for a slot from a file of the host's. Throws Refusal. */
export async function loadFile(
  host: KernelHost,
  slot: SlotName,
  path: string,
): Promise<{ readonly module: AnyModule; readonly logged: Make | null }> {
  let loaded: TrustedModule;
  try {
    loaded = await host.loadModule(await host.readFile(path));
  } catch (error) {
    throw new Refusal(`${path} can not be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  const module = loaded.exported as AnyModule | null | undefined;
  const theirs = module?.manifest?.slot;
  if (theirs !== undefined && theirs !== slot)
    throw new Refusal(`${path} is a module for slot ${theirs}, not ${slot}`);
  if (module === null || typeof module !== 'object')
    throw new Refusal(`${path} has no module as its default export`);
  return { module, logged: loaded.logged };
}

/** The modules that fill the cells: the standard ones, but for those that were chosen. Throws Refusal. */
export function chooseDefaults(
  builtin: readonly AnyModule[],
  standard: readonly AnyModule[],
  extra: ReadonlyMap<string, AnyModule>,
  chosen: Readonly<Record<string, string>>,
): readonly AnyModule[] {
  const result = [...standard];
  for (const [slot, name] of Object.entries(chosen)) {
    const module =
      extra.get(`${slot}=${name}`) ??
      chooseVersion(
        builtin.filter((m) => m.manifest.slot === slot),
        (m) => m,
        name,
      );
    if (module === null) {
      const names = builtin.filter((m) => m.manifest.slot === slot).map((m) => m.manifest.name);
      throw new Refusal(
        `slot ${slot} has no module '${name}'; it has ${names.join(', ')}, or give the path of a module file`,
      );
    }
    const at = result.findIndex((m) => m.manifest.slot === slot && m.manifest.type === module.manifest.type);
    result[at < 0 ? result.length : at] = module;
  }
  return result;
}
