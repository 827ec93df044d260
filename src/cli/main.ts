/**
 * The `strake` command with all that it can do.
 */
import { demoCommand } from './demo.ts';
import { modulesCommand } from './modules.ts';
import { start } from './program.ts';

start([demoCommand(), modulesCommand()]);
