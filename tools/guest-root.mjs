// @ts-check
/**
 * Builds a Debian riscv64 root folder from ordinary packages and prints its path.
 *
 * The folder is a cache entry named after what was asked for, so asking again is instant. It is built beside its final
 * place and renamed at the end: a folder that exists is complete.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GuestRootError, checkHost, download, openApt, updateLists } from './guest-root-apt.mjs';
import { addAccounts, configure, layOut, linkBusybox, unpack } from './guest-root-layout.mjs';

/** Part of every cache key: raise it when the same packages would give another folder. */
const FORMAT = 1;
/** Where a root says what it was made from. */
const STAMP = 'var/lib/strake/guest-root.json';

const HELP = `usage: guest-root [options] PACKAGE...

Builds a root folder of Debian riscv64 packages with their dependencies and prints its path, the only line on stdout.
Needs a Debian host with apt; no root rights. Dependencies are resolved and signatures checked by apt itself, with a
private state: the host's packages and lists stay as they are. Maintainer scripts do not run.

  --out DIR         build in DIR instead of the cache; DIR must not exist, be empty, or be an older root of this tool
  --suite NAME      Debian suite (default: trixie)
  --busybox-links   a link in /bin for each applet of the busybox among the packages (needs qemu-riscv64-static)
  --refresh         build again, with new package lists, even if the result is cached
  --help            this text

examples:
  root=$(tools/guest-root --busybox-links busybox-static)
  root=$(tools/guest-root dash coreutils quickjs)
  qemu-riscv64-static -L "$root" "$root/usr/bin/qjs" -e 'print(6 * 7)'

Roots are kept in \${XDG_CACHE_HOME:-~/.cache}/strake/guest-root; any of them may be deleted at any time.
`;

/** @param {string} line */
const say = (line) => process.stderr.write(`guest-root: ${line}\n`);

/** What the stamp of a folder says it was made from, if it is one of ours. @param {string} folder */
function stampOf(folder) {
  const path = join(folder, STAMP);
  if (!existsSync(path)) return undefined;
  /** @type {{ key: string }} */
  const stamp = JSON.parse(readFileSync(path, 'utf8'));
  return stamp.key;
}

/** @param {string[]} argv */
function options(argv) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        suite: { type: 'string', default: 'trixie' },
        'busybox-links': { type: 'boolean', default: false },
        refresh: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new GuestRootError(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/** @param {string[]} argv @returns {string} the path of the root */
function main(argv) {
  const { values, positionals } = options(argv);
  if (values.help) return HELP.trimEnd();
  const packages = [...new Set(positionals)].sort();
  if (packages.length === 0) throw new GuestRootError(`no package named\n\n${HELP}`);
  for (const name of packages) {
    // Also keeps apt's own syntax (name-, name+, name=version, name/suite) out of the key.
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) throw new GuestRootError(`'${name}' is not a package name`);
  }
  if (!/^[a-z][a-z0-9-]*$/.test(values.suite)) throw new GuestRootError(`'${values.suite}' is not a suite name`);

  const links = values['busybox-links'];
  const description = JSON.stringify({ format: FORMAT, suite: values.suite, packages, links });
  const key = createHash('sha256').update(description).digest('hex').slice(0, 16);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'strake', 'guest-root');
  const target = values.out ? resolve(values.out) : join(cache, key);
  const stamp = stampOf(target);
  if (stamp === key && !values.refresh) return target;
  if (stamp === undefined && existsSync(target) && readdirSync(target).length > 0) {
    throw new GuestRootError(`${target} exists and was not made by this tool; name another folder or remove it`);
  }

  checkHost();
  const apt = openApt(join(cache, `apt-${values.suite}`), values.suite, say);
  updateLists(apt, values.refresh);
  const archives = fetchAll();
  const building = `${target}.new-${process.pid}`;
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(building);
    layOut(building);
    say(`unpacking into ${target}`);
    unpack(building, archives);
    addAccounts(building);
    configure(building, archives);
    if (links) say(`${linkBusybox(building)} busybox links`);
    mkdirSync(dirname(join(building, STAMP)), { recursive: true });
    const contents = archives.map(({ name, version }) => ({ name, version }));
    writeFileSync(join(building, STAMP), `${JSON.stringify({ key, suite: values.suite, packages, contents }, null, 2)}\n`);
    rmSync(target, { recursive: true, force: true });
    renameSync(building, target);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return target;

  /** A mirror drops old versions at once, so lists of yesterday can name files that are gone. */
  function fetchAll() {
    try {
      return download(apt, packages);
    } catch (error) {
      if (!(error instanceof GuestRootError) || values.refresh || !/404/.test(error.message)) throw error;
      updateLists(apt, true);
      return download(apt, packages);
    }
  }
}

try {
  process.stdout.write(`${main(process.argv.slice(2))}\n`);
} catch (error) {
  if (!(error instanceof GuestRootError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
