// @ts-check
/**
 * The host's own apt, pointed at a private state folder for a foreign architecture.
 *
 * apt resolves dependencies and checks signatures; nothing here does either. Everything apt would write goes into one
 * folder, so that neither the host's package lists nor its package state are touched, and no root rights are needed.
 * The mirror is the host's own: it is read from apt's configuration at run time and stored nowhere but in that folder.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A failure that the user can act on; shown without a stack. */
export class GuestRootError extends Error {}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Package lists older than this are fetched again. */
const LISTS_MAX_AGE_MS = 24 * 3600 * 1000;

/** @typedef {{ folder: string, config: string, suite: string, say: (line: string) => void }} Apt */
/** @typedef {{ name: string, version: string, file: string }} Archive */

/** Fails unless this host has what it takes: a Debian with apt, dpkg-deb and tar. */
export function checkHost() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^ID=debian$/m.test(release)) {
    throw new GuestRootError('this tool needs a Debian host (ID=debian in /etc/os-release); a Debian container will do');
  }
  for (const tool of ['apt-get', 'dpkg-deb', 'tar']) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).error) throw new GuestRootError(`${tool} is not installed`);
  }
  if (!existsSync(KEYRING)) {
    throw new GuestRootError(`${KEYRING} is missing: apt-get install debian-archive-keyring`);
  }
}

/** The host's main Debian mirror. Security and update suites are served elsewhere or under other names. */
function hostMirror() {
  const format = '$(ORIGIN)|$(CODENAME)|$(SITE)|$(REPO_URI)';
  const lines = execFileSync('apt-get', ['indextargets', '--format', format], { encoding: 'utf8' }).split('\n');
  const targets = lines.map((line) => line.split('|')).filter((fields) => fields.length === 4);
  // Origin and code name are empty until the host's first `apt-get update`; the site is known before.
  const main = targets.filter(([origin, codename]) => !origin || (origin === 'Debian' && !codename?.includes('-')));
  const site = main.find(([, , uri]) => uri && !uri.includes('security'))?.[2];
  if (!site) throw new GuestRootError('apt on this host has no Debian mirror configured (see: apt-get indextargets)');
  return site;
}

/**
 * Writes the private configuration. It goes to apt as `-c`, which is read last: only so can it clear what the host's
 * own apt.conf.d has set.
 * @param {string} folder @param {string} suite @param {(line: string) => void} say
 * @returns {Apt}
 */
export function openApt(folder, suite, say) {
  for (const part of ['lists/partial', 'cache/archives/partial', 'etc']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  const uri = hostMirror();
  writeFileSync(
    join(folder, 'etc/guest.sources'),
    `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nArchitectures: riscv64\nSigned-By: ${KEYRING}\n`,
  );
  const config = join(folder, 'etc/apt.conf');
  const root = JSON.stringify(folder).slice(1, -1);
  writeFileSync(
    config,
    `#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb;
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
};
APT::Architecture "riscv64";
APT::Architectures { "riscv64"; };
APT::Sandbox::User "${process.getuid?.() === 0 ? 'root' : ''}";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::Assume-Yes "true";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
DPkg::Lock::Timeout "600";
Dir::Etc::sourcelist "${root}/etc/guest.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "${root}";
Dir::State::Lists "${root}/lists";
Dir::State::status "${root}/status";
Dir::State::extended_states "${root}/extended_states";
Dir::Cache "${root}/cache";
Dir::Cache::archives "${root}/cache/archives";
Dir::Log "${root}/log";
`,
  );
  return { folder, config, suite, say };
}

/** @param {Apt} apt @param {string[]} args */
function runApt(apt, args) {
  const run = spawnSync('apt-get', ['-c', apt.config, '-q', ...args], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 1 << 28,
  });
  return { ok: run.status === 0, out: run.stdout ?? '', text: `${run.stdout ?? ''}${run.stderr ?? ''}` };
}

/** The lines in which apt says what is wrong. @param {string} text */
const complaints = (text) => text.split('\n').filter((line) => /^(E|W|Err):?|^ .*(Depends|NO_PUBKEY)/.test(line)).join('\n');

/**
 * Fetches the package lists when they are absent, old or known to be stale.
 * @param {Apt} apt @param {boolean} [force]
 */
export function updateLists(apt, force = false) {
  const stamp = join(apt.folder, 'lists.stamp');
  const age = existsSync(stamp) ? Date.now() - statSync(stamp).mtimeMs : Number.POSITIVE_INFINITY;
  const sameSource = existsSync(stamp) && readFileSync(stamp, 'utf8') === apt.suite;
  if (!force && sameSource && age < LISTS_MAX_AGE_MS) return;
  apt.say(`fetching the package lists of ${apt.suite}/riscv64`);
  // Without Error-Mode apt reports an unreachable mirror as a warning and success.
  const run = runApt(apt, ['update', '-o', 'APT::Update::Error-Mode=any']);
  if (run.ok) return writeFileSync(stamp, apt.suite);
  const why = complaints(run.text);
  if (/NO_PUBKEY/.test(why)) {
    throw new GuestRootError(
      `the keys of ${apt.suite} are not on this host; upgrade debian-archive-keyring (apt-get install debian-archive-keyring)\n${why}`,
    );
  }
  if (/unexpected size|Hash Sum mismatch/.test(why)) {
    throw new GuestRootError(
      `the mirror's lists of ${apt.suite} do not match its signed index (a sync under way?); try later, or another --suite\n${why}`,
    );
  }
  if (/404|does not have a Release file/.test(why)) {
    throw new GuestRootError(`the mirror has no suite '${apt.suite}' for riscv64\n${why}`);
  }
  if (Number.isFinite(age) && sameSource) return apt.say('the mirror can not be reached; going on with older package lists');
  throw new GuestRootError(`the package lists can not be fetched; is this host online?\n${why}`);
}

/**
 * Resolves dependencies and downloads what is missing. The result is in the order in which apt would unpack.
 * @param {Apt} apt @param {string[]} packages
 * @returns {Archive[]}
 */
export function download(apt, packages) {
  const plan = runApt(apt, ['install', '--simulate', '--', ...packages]);
  if (!plan.ok) {
    const unknown = [...plan.text.matchAll(/Unable to locate package (\S+)/g)].map((match) => match[1]);
    const none = [...plan.text.matchAll(/Package '?([^\s']+)'? has no installation candidate/g)].map((match) => match[1]);
    const missing = [...unknown, ...none];
    throw new GuestRootError(
      missing.length > 0
        ? `no such package in ${apt.suite}/riscv64: ${missing.join(', ')}`
        : `apt can not install ${packages.join(' ')}:\n${plan.text.trim()}`,
    );
  }
  const archives = [...plan.out.matchAll(/^Inst (\S+) \((\S+) .*\[(\S+)\]\)/gm)].map(([, name, version, architecture]) => {
    const file = `${name}_${version?.replaceAll(':', '%3a')}_${architecture}.deb`;
    return { name: String(name).replace(/:.*/, ''), version: String(version), file: join(apt.folder, 'cache/archives', file) };
  });
  apt.say(`${archives.length} packages: ${archives.map((archive) => archive.name).join(' ')}`);
  const fetched = runApt(apt, ['install', '--download-only', '--', ...packages]);
  if (!fetched.ok) throw new GuestRootError(`the packages can not be downloaded:\n${complaints(fetched.text)}`);
  for (const { file } of archives) {
    if (!existsSync(file)) throw new GuestRootError(`apt reported success but ${file} is not there`);
  }
  return archives;
}
