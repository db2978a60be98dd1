import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolEnvironment } from './embedded-binaries.ts';
import type { EmbeddedLocation } from './embedded-location.ts';
import { isPostmaster, readPostmasterFile } from './postmaster-file.ts';

/** Port of the embedded database: part of the socket's name only, nothing listens on the network. */
export const EMBEDDED_PORT = 5432;

/** A PostgreSQL that was just started. */
export interface PostgresProcess {
  /** Resolves with what it wrote since, once the process has ended. */
  readonly ended: Promise<string>;
}

/**
 * Starts PostgreSQL in a session of its own, so that neither Ctrl-C in the terminal nor the death of this process takes
 * it down in the middle of a write.
 * @param stalePid number in a lock file that another program carries by now: PostgreSQL is told to disregard it.
 */
export function startPostgres(
  location: EmbeddedLocation,
  settings: Readonly<Record<string, string>>,
  stalePid: number | null,
): PostgresProcess {
  const { log, offset } = openLog(location.logFile);
  const identity = location.account === null ? {} : { uid: location.account.uid, gid: location.account.gid };
  const environment = toolEnvironment();
  // PostgreSQL takes a lock file with this number for a left-over, and still checks that no old backend uses the memory.
  if (stalePid !== null) environment.PG_GRANDPARENT_PID = String(stalePid);
  const program = join(location.binaries.nativeFolder, 'bin', 'postgres');
  const child = spawn(program, postgresParameters(location, settings), {
    ...identity,
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: environment,
  });
  closeSync(log);
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => resolve(readFrom(location.logFile, offset)));
  });
  return { ended };
}

/** Stops PostgreSQL ("fast": sessions end, data is flushed) and waits until it is gone; false where it stays. */
export async function stopPostgres(clusterFolder: string, patienceMs = 30_000): Promise<boolean> {
  const running = await readPostmasterFile(clusterFolder);
  if (running === null || !isPostmaster(running.pid, clusterFolder)) return true;
  try {
    process.kill(running.pid, 'SIGINT');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if (!isPostmaster(running.pid, clusterFolder)) return true;
    await sleep(20);
  }
  return false;
}

function postgresParameters(location: EmbeddedLocation, settings: Readonly<Record<string, string>>): string[] {
  const all: Record<string, string> = {
    listen_addresses: '',
    port: String(EMBEDDED_PORT),
    // A list: the quotes keep a comma or a blank in the path.
    unix_socket_directories: `"${location.socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    huge_pages: 'off',
    jit: 'off',
    io_method: 'sync',
    // Ends what a killed process left running, with its locks.
    client_connection_check_interval: '2s',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    cluster_name: 'latchkey',
    ...settings,
  };
  const parameters = ['-D', location.clusterFolder];
  for (const [name, value] of Object.entries(all)) parameters.push('-c', `${name}=${value}`);
  return parameters;
}

const LONGEST_LOG_BYTES = 8 * 1024 * 1024;

/** Opens the log for appending; a long one is put aside first, so that two files is all there ever is. */
function openLog(logFile: string): { log: number; offset: number } {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LONGEST_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  return { log: openSync(logFile, flags, 0o600), offset: size > LONGEST_LOG_BYTES ? 0 : size };
}

async function readFrom(logFile: string, offset: number): Promise<string> {
  const handle = await open(logFile, 'r');
  try {
    const buffer = Buffer.alloc(16_384);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
