/**
 * A file of an npm package that is no dependency: fetched once by npm itself and cached outside the repository.
 *
 * Where it can not be had, tests that need it are skipped with the reason, except in CI.
 */
import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'strake/npm');

/** @returns the path of `file` in the package, or null */
export function npmFile(name: string, version: string, file: string): string | null {
  const folder = path.join(CACHE, `${name.replaceAll(/[@/]/g, '-')}-${version}`);
  const found = path.join(folder, 'package', file);
  if (existsSync(found)) return found;
  try {
    mkdirSync(CACHE, { recursive: true });
    const fresh = mkdtempSync(path.join(CACHE, 'fresh-'));
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: fresh,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    };
    const packed = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], options).trim();
    execFileSync('tar', ['xzf', packed], options);
    renameSync(fresh, folder);
    return found;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    process.stderr.write(`no ${name}@${version} from npm: ${String(error)}; its tests are skipped\n`);
    return null;
  }
}
