/**
 * `strake modules`: what can fill each slot.
 */
import { Command } from 'commander';
import { builtinModules, defaultModules } from '../api/builtin.ts';

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

export function modulesCommand(): Command {
  return new Command('modules')
    .description('list the modules that can fill each slot')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ strake modules\n  $ strake modules --json')
    .action((options: { readonly json?: boolean }) => {
      const modules = list();
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify(modules, null, 2)}\n`);
        return;
      }
      const column = (of: (module: Listed) => string): number =>
        Math.max(...modules.map((m) => of(m).length));
      const slots = column((m) => m.slot);
      const names = column((m) => m.name);
      for (const { slot, name, version, default: standard, description } of modules) {
        const mark = standard ? '*' : ' ';
        process.stdout.write(
          `${mark} ${slot.padEnd(slots)}  ${name.padEnd(names)}  ${version}  ${description}\n`,
        );
      }
    });
}
