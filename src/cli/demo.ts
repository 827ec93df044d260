/**
 * `strake demo`: programs under load while parts of the kernel are replaced, measured before and after.
 */
import { Command } from 'commander';

export function demoCommand(): Command {
  return new Command('demo').description('replace parts of the kernel under running programs, and measure');
}
