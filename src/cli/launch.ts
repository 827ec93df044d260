#!/usr/bin/env node
/**
 * What `dist/cli/main.js` is made of: starts the command from its bundled file (tools/build-command.ts).
 *
 * CommonJS when built, since the loader of ES modules alone takes 3 ms. Holds no part of the command.
 */
import path from 'node:path';
import { turnOnWasmFeatures } from '../host/node/features.ts';
import { runCached } from '../host/node/code-cache.ts';
import { mapStacks } from './stacks.ts';

/** Says which contents each bundled file has; put in by the build. */
declare const BUILDS: Readonly<Record<string, string>>;

const name = process.argv[2] === 'run' ? 'run' : 'all';
const file = path.join(import.meta.dirname, 'bundle', `${name}.js`);
mapStacks(file);
// Before compiled code is read: V8 takes none that was written with other flags.
turnOnWasmFeatures();
const command = runCached(file, BUILDS[name] as string) as (
  require: NodeJS.Require,
  folder: string,
  load: (specifier: string) => Promise<unknown>,
) => void;
command(require, path.dirname(file), (specifier) => import(specifier));
