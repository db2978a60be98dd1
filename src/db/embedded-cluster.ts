import { chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import { randomToken } from '../crypto/random-token.ts';
import { binariesRun, runTool } from './embedded-binaries.ts';
import type { EmbeddedLocation } from './embedded-location.ts';
import { isAlive } from './postmaster-file.ts';

/** The superuser of the embedded cluster; whoever may enter the socket's folder is trusted. */
export const EMBEDDED_USER = 'latchkey';

/**
 * Tells whether the cluster exists, and is one that these binaries and this user can serve.
 * @throws ConfigurationError where it is of another major version, somebody else's, or no cluster at all.
 */
export async function clusterExists(location: EmbeddedLocation): Promise<boolean> {
  const { clusterFolder, binaries, account } = location;
  const folder = await stat(clusterFolder).catch(ignoreMissing);
  if (folder === null) return false;
  const version = await readFile(join(clusterFolder, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw ofAnotherUser(location, folder.uid);
    return ignoreMissing(error);
  });
  if (version === null) {
    if (await isEmpty(clusterFolder)) return false;
    throw refusal(
      'NOT_A_DATABASE',
      `The folder ${clusterFolder} exists and is not a PostgreSQL database.`,
      'Move it away, or set DATA_DIR to another folder.',
    );
  }
  const uid = account?.uid ?? process.geteuid?.();
  if (uid !== undefined && folder.uid !== uid) throw ofAnotherUser(location, folder.uid);
  const major = Number.parseInt(version, 10);
  if (major === binaries.major) return true;
  throw refusal(
    'DATABASE_OF_ANOTHER_VERSION',
    `The database in ${clusterFolder} was made by PostgreSQL ${major}, and this version brings PostgreSQL ${binaries.major}.`,
    `Dump it with PostgreSQL ${major} and restore it here, or serve it with PostgreSQL ${major} and set DATABASE_URL.`,
  );
}

/**
 * Creates the cluster beside its place and moves it there whole, so that nobody ever sees half of one. * @throws ConfigurationError where PostgreSQL does not run here, or can not write there.
 */
export async function createCluster(location: EmbeddedLocation): Promise<void> {
  const { home, clusterFolder, binaries, account } = location;
  if (account === null) await binariesRun(binaries, null);
  await removeAbandonedDrafts(home);
  const draft = join(home, `${DRAFT_PREFIX}${process.pid}-${randomToken(8)}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    if (account !== null) await chown(draft, account.uid, account.gid);
    const parameters = [`--pgdata=${draft}`, `--username=${EMBEDDED_USER}`, ...INITDB_PARAMETERS];
    const result = await runTool(join(binaries.nativeFolder, 'bin', 'initdb'), parameters, account);
    if (result.code !== 0) throw initialisationFailed(clusterFolder, result.output.trim() || result.error);
    await rename(draft, clusterFolder);
    await flushFolder(home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was first.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return;
    throw error;
  }
}

const DRAFT_PREFIX = 'postgres.new-';

// `trust` is safe because the socket's folder is closed to everybody else and there is no network listener. The builtin
// locale sorts and folds alike on every machine, so that an index never depends on a system's library.
const INITDB_PARAMETERS = [
  '--auth=trust',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
] as const;

/** A process killed while it created a cluster leaves a draft with its number. */
async function removeAbandonedDrafts(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(DRAFT_PREFIX.length), 10);
    if (pid !== process.pid && !isAlive(pid)) await rm(join(home, name), { recursive: true, force: true });
  }
}

/** Makes a rename survive a power failure. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ofAnotherUser({ clusterFolder, account }: EmbeddedLocation, uid: number): ConfigurationError {
  return refusal(
    'DATABASE_OF_ANOTHER_USER',
    `The database in ${clusterFolder} belongs to another user of this system (uid ${uid}).`,
    account === null
      ? 'Start as that user or as root, or set DATA_DIR to another folder.'
      : `Give it to ${account.name} (chown -R ${account.name} ${clusterFolder}), or set DATA_DIR to another folder.`,
  );
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch {
    return false;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw refusal(
    'DATA_DIR_NOT_READABLE',
    `The data folder can not be read (${error.message}).`,
    'Start as the user who owns it, or set DATA_DIR to another folder.',
  );
}

function initialisationFailed(clusterFolder: string, reason: string): ConfigurationError {
  return refusal(
    'DATABASE_NOT_CREATED',
    `The database in ${clusterFolder} could not be created: ${reason}`,
    'Make room or grant access, or set DATA_DIR or DATABASE_URL.',
  );
}

function refusal(code: string, message: string, fix: string): ConfigurationError {
  return new ConfigurationError([{ code, message, fix }]);
}
