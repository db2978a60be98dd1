import { existsSync, lstatSync } from 'node:fs';
import { chown, link, lstat, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import { sha256Hex } from '../crypto/digest.ts';
import { randomToken } from '../crypto/random-token.ts';
import { accountOf, canEnter, chooseAccount, isRoot, type PostgresAccount } from './embedded-account.ts';
import {
  binariesRun,
  copyBinaries,
  locateBinaries,
  type PostgresBinaries,
  restoreSymlinks,
} from './embedded-binaries.ts';

/** Where an embedded database lies and who runs it. */
export interface EmbeddedLocation {
  readonly binaries: PostgresBinaries;
  /** Null where PostgreSQL runs as the same user as this process. */
  readonly account: PostgresAccount | null;
  /** The folder around the cluster: `$DATA_DIR`, or a folder below `/var/lib/latchkey`. */
  readonly home: string;
  /** PostgreSQL's own data folder, mode 0700. */
  readonly clusterFolder: string;
  /** Folder of the socket, mode 0700; the only way in. */
  readonly socketFolder: string;
  readonly logFile: string;
}

const SYSTEM_HOME = '/var/lib/latchkey';
const POINTER = 'postgres-location';
/** The shortest limit among the systems is 104 bytes with the ending zero (macOS); the name itself takes 15. */
const LONGEST_SOCKET_PATH = 103;

/**
 * Decides where the embedded database of `dataDir` lies, creating the folder where it is missing.
 * @throws ConfigurationError with one sentence where it can not lie or run there.
 */
export async function resolveLocation(dataDir: string): Promise<EmbeddedLocation> {
  const located = locateBinaries();
  await restoreSymlinks(located).catch((error: NodeJS.ErrnoException) => {
    // A read-only installation whose links exist already is fine, and one whose links are missing says so itself.
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
  });
  // Root's database runs as somebody else, who must be able to pass through; the secrets beside it are files of mode 0600.
  await mkdir(dataDir, { recursive: true, mode: isRoot() ? 0o711 : 0o700 });
  const folder = await realpath(dataDir);
  if (!isRoot()) return settle(await homeOf(folder, null), located, null);
  const owner = await ownerOfCluster(join(folder, 'postgres'));
  const account = owner ?? (await chooseAccount());
  const home = await homeOf(folder, account);
  const existing = await ownerOfCluster(join(home, 'postgres'));
  const runner = existing ?? account;
  const reachable = await binariesRun(located, runner);
  const binaries = reachable ? located : await copyBinaries(located, await systemHome());
  return settle(home, binaries, runner);
}

async function settle(
  home: string,
  binaries: PostgresBinaries,
  account: PostgresAccount | null,
): Promise<EmbeddedLocation> {
  const clusterFolder = join(home, 'postgres');
  const socketFolder = await socketFolderOf(clusterFolder, account);
  return { binaries, account, home, clusterFolder, socketFolder, logFile: join(home, 'postgres.log') };
}

/** The pointer decides where there is one; else `$DATA_DIR`, unless root's account can not enter it. */
async function homeOf(dataDir: string, account: PostgresAccount | null): Promise<string> {
  const pointer = join(dataDir, POINTER);
  const pointed = await readFile(pointer, 'utf8').catch(() => '');
  if (pointed !== '') return followPointer(pointer, pointed.trim());
  if (account === null || existsSync(join(dataDir, 'postgres')) || canEnter(dataDir, account)) return dataDir;
  // A random name, because a folder deleted and made anew must not find the database of its predecessor.
  const home = join(await systemHome(), randomToken(16));
  const draft = `${pointer}.${randomToken(12)}`;
  await writeFile(draft, `${home}\n`, { mode: 0o600, flush: true });
  try {
    await mkdir(home, { mode: 0o711 });
    await link(draft, pointer);
    return home;
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    if (!existsSync(pointer)) throw error;
    return homeOf(dataDir, account);
  } finally {
    await rm(draft, { force: true });
  }
}

function followPointer(pointer: string, home: string): string {
  if (existsSync(home)) return home;
  throw new ConfigurationError([
    {
      code: 'DATABASE_FOLDER_MISSING',
      message: `${pointer} says that the database lies in ${home}, which does not exist.`,
      fix: 'Put the folder back, or remove the pointer to start with an empty database.',
    },
  ]);
}

/** Creates the place below which root's databases lie when their own folder is closed to PostgreSQL's account. */
async function systemHome(): Promise<string> {
  try {
    await mkdir(SYSTEM_HOME, { recursive: true, mode: 0o755 });
    if (lstatSync(SYSTEM_HOME).uid === 0) return SYSTEM_HOME;
  } catch (error) {
    throw unusableSystemHome(error);
  }
  throw unusableSystemHome(undefined);
}

function unusableSystemHome(cause: unknown): ConfigurationError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new ConfigurationError([
    {
      code: 'NO_PLACE_FOR_DATABASE',
      message: `PostgreSQL's user can not enter the data folder, and ${SYSTEM_HOME} can not be used instead${reason}.`,
      fix: 'Set DATA_DIR to a folder that everybody may pass through, start as an ordinary user, or set DATABASE_URL.',
    },
  ]);
}

async function ownerOfCluster(clusterFolder: string): Promise<PostgresAccount | null> {
  const found = await stat(clusterFolder).catch(() => null);
  if (found === null || found.uid === 0) return null;
  return accountOf(found.uid, found.gid);
}

/** The cluster's own folder, private already; where its name is too long for a socket, a short one of the same kind. */
async function socketFolderOf(clusterFolder: string, account: PostgresAccount | null): Promise<string> {
  if (fitsSocket(clusterFolder)) return clusterFolder;
  const name = `latchkey-${sha256Hex(clusterFolder).slice(0, 16)}`;
  const parent = account === null ? temporaryFolder(name) : await systemHome();
  const folder = join(parent, name);
  const uid = account?.uid ?? process.geteuid?.() ?? 0;
  try {
    await mkdir(folder, { mode: 0o700 });
    if (account !== null) await chown(folder, account.uid, account.gid);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  // Others may write in the parent: a folder of that name that is not ours and private is a trap.
  const found = await lstat(folder);
  const privately = found.isDirectory() && (found.mode & 0o077) === 0;
  if (privately && found.uid === uid) return folder;
  if (privately && account !== null && found.uid === 0) {
    await chown(folder, account.uid, account.gid);
    return folder;
  }
  throw new ConfigurationError([
    {
      code: 'SOCKET_FOLDER_NOT_PRIVATE',
      message: `The folder ${folder} for the database's socket belongs to somebody else or is open to others.`,
      fix: 'Remove it, or set DATA_DIR to a shorter path.',
    },
  ]);
}

function temporaryFolder(name: string): string {
  return fitsSocket(join(tmpdir(), name)) ? tmpdir() : '/tmp';
}

function fitsSocket(folder: string): boolean {
  return Buffer.byteLength(join(folder, '.s.PGSQL.5432')) <= LONGEST_SOCKET_PATH;
}
