/**
 * `strake run` by itself: what is loaded where the command line says `run`, so that nothing else has to be.
 */
import { start } from './program.ts';

start([]);
