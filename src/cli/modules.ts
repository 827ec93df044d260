/**
 * `strake modules`: what can fill each slot.
 */
import { Command } from 'commander';
import { builtinModules, defaultModules } from '../api/builtin.ts';
import { contractOf, SLOTS } from '../api/index.ts';

interface Listed {
  readonly slot: string;
  readonly name: string;
  readonly version: string;
  readonly interfaces: readonly string[];
  readonly active: boolean;
  readonly default: boolean;
  readonly description: string;
}

/** A fresh kernel has its defaults in place, so nothing need be booted to tell. */
function list(): readonly Listed[] {
  const defaults = new Set(defaultModules());
  return builtinModules().map((module) => {
    const { slot, name, version, interfaces, description } = module.manifest;
    const standard = defaults.has(module);
    return { slot, name, version, interfaces, active: standard, default: standard, description };
  });
}

/** An optional interface of a slot, and who has it. */
interface ListedInterface {
  readonly slot: string;
  readonly interface: string;
  readonly operations: readonly string[];
  /** `NAME VERSION` of the modules that implement it. */
  readonly modules: readonly string[];
}

function listInterfaces(modules: readonly Listed[]): readonly ListedInterface[] {
  return SLOTS.flatMap((slot) =>
    Object.entries(contractOf(slot).interfaces).map(([name, operations]) => ({
      slot,
      interface: name,
      operations,
      modules: modules
        .filter((module) => module.slot === slot && module.interfaces.includes(name))
        .map((module) => `${module.name} ${module.version}`),
    })),
  );
}

/** Rows in columns as wide as their widest cell; the last is as long as it is. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] as string).length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] as number))).join('  ');
  return rows.map((row) => `${line(row)}\n`).join('');
}

export function modulesCommand(): Command {
  return new Command('modules')
    .description('list the modules that can fill each slot; * marks what fills it at boot')
    .option('--interfaces', 'list the optional interfaces of each slot, and which modules have them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ strake modules\n  $ strake modules --interfaces\n  $ strake modules --json',
    )
    .action((options: { readonly json?: boolean; readonly interfaces?: boolean }) => {
      const modules = list();
      const interfaces = listInterfaces(modules);
      if (options.json === true) {
        const shown = options.interfaces === true ? interfaces : modules;
        process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      } else if (options.interfaces === true) {
        process.stdout.write(
          table(interfaces.map((row) => [row.slot, row.interface, row.modules.join(', ') || '(none)'])),
        );
      } else {
        process.stdout.write(
          table(
            modules.map((module) => [
              `${module.default ? '*' : ' '} ${module.slot}`,
              module.name,
              module.version,
              module.description,
            ]),
          ),
        );
      }
    });
}
