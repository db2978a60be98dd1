import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ConfigurationError } from '../core/errors.ts';
import type { DatabaseLog } from './database-log.ts';
import { clusterExists, createCluster, EMBEDDED_USER } from './embedded-cluster.ts';
import type { EmbeddedLocation } from './embedded-location.ts';
import { EMBEDDED_PORT, startPostgres } from './embedded-process.ts';
import { isPostmaster, readPostmasterFile } from './postmaster-file.ts';
import { takeStartLock } from './start-lock.ts';

/** The database of the application inside the embedded cluster. */
export const EMBEDDED_DATABASE = 'latchkey';
/** Every process that uses the cluster holds this lock shared; who gets it alone may stop PostgreSQL. */
export const PRESENCE_LOCK = 7_267_403_101;

/** Whom the embedded database is brought up for. */
export interface House {
  readonly location: EmbeddedLocation;
  readonly logger: DatabaseLog;
  readonly settings: Readonly<Record<string, string>>;
}

/** A connection that marks this process as a user of the cluster. */
export interface Presence {
  readonly client: pg.Client;
  readonly socketFolder: string;
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

const START_PATIENCE_MS = 120_000;
const FAILED_STARTS_ALLOWED = 3;

/**
 * Connects to the cluster's server; where there is none, starts one. Waits for one that recovers or shuts down.
 * @throws ConfigurationError where PostgreSQL refuses to start, with the end of its log.
 */
export async function joinOrStart(house: House, signal: AbortSignal): Promise<Presence> {
  const deadline = Date.now() + START_PATIENCE_MS;
  let failures = 0;
  while (Date.now() < deadline && !signal.aborted) {
    const exists = await clusterExists(house.location);
    const attempt = exists ? await tryJoin(house.location) : 'nobody';
    if (typeof attempt !== 'string') return attempt;
    if (attempt === 'nobody') {
      const failure = await startUnlessStarting(house);
      if (failure !== null && ++failures >= FAILED_STARTS_ALLOWED) throw refusesToStart(house.location, failure);
    }
    await sleep(attempt === 'nobody' && failures > 0 ? 300 : 25);
  }
  throw refusesToStart(house.location, signal.aborted ? 'the program ends' : 'it does not answer');
}

type Attempt = Presence | 'nobody' | 'wait';

async function tryJoin(location: EmbeddedLocation): Promise<Attempt> {
  const running = await readPostmasterFile(location.clusterFolder);
  // The one who started it may have had another idea of the temporary folder.
  const socketFolder = running?.socketFolder || location.socketFolder;
  const client = new pg.Client({
    host: socketFolder,
    port: EMBEDDED_PORT,
    user: EMBEDDED_USER,
    database: 'postgres',
    ssl: false,
    application_name: 'latchkey presence',
    connectionTimeoutMillis: 5000,
    // Longer than a stop takes; who waits in vain tries again.
    lock_timeout: 8000,
    query_timeout: 10_000,
  });
  client.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => resolve());
  });
  try {
    await client.connect();
    // Waits while somebody who believed to be the last one stops the server, and fails with it: then it is started again.
    await client.query('SELECT pg_advisory_lock_shared($1)', [PRESENCE_LOCK]);
    await ensureDatabase(client);
    return { client, socketFolder, ended };
  } catch (error) {
    void client.end().catch(() => {});
    return judgeFailure(error);
  }
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [EMBEDDED_DATABASE]);
  if (found.rowCount !== 0) return;
  try {
    await client.query(`CREATE DATABASE ${EMBEDDED_DATABASE}`);
  } catch (error) {
    // Another process that starts at this moment made it.
    if (!['42P04', '23505'].includes(codeOf(error))) throw error;
  }
}

/** Nobody listens; somebody does and can not serve now (starting, stopping, full); or the answer is final. */
function judgeFailure(error: unknown): 'nobody' | 'wait' {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'nobody';
  if (/^(57P0[123]|53300|55P03|55006|08...|ECONNRESET|EPIPE)$/.test(code)) return 'wait';
  if (code === '' && error instanceof Error && /terminated|timeout|not queryable/.test(error.message)) return 'wait';
  throw error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Starts PostgreSQL unless somebody else does; returns what it said where it failed. */
async function startUnlessStarting(house: House): Promise<string | null> {
  const release = await takeStartLock(house.location.clusterFolder);
  if (release === null) return null;
  try {
    const { clusterFolder } = house.location;
    if (!(await clusterExists(house.location))) await createCluster(house.location);
    const running = await readPostmasterFile(clusterFolder);
    if (running !== null && isPostmaster(running.pid, clusterFolder)) return null;
    const server = startPostgres(house.location, house.settings, running?.pid ?? null);
    const as = house.location.account === null ? {} : { as: house.location.account.name };
    house.logger('info', 'started the embedded database', { folder: clusterFolder, ...as });
    const over = new AbortController();
    const outcome = server.ended.then(explainEnd);
    const first = await Promise.race([untilItListens(house.location, over.signal), outcome]);
    over.abort();
    return first;
  } finally {
    release();
  }
}

async function untilItListens(location: EmbeddedLocation, over: AbortSignal): Promise<null> {
  const deadline = Date.now() + START_PATIENCE_MS;
  while (Date.now() < deadline && !over.aborted) {
    const running = await readPostmasterFile(location.clusterFolder);
    // A left-over file may name the same folder: only a living server's counts.
    if (running?.socketFolder && isPostmaster(running.pid, location.clusterFolder)) return null;
    await sleep(10);
  }
  return null;
}

/** A lock that is still held, or memory whose last user is just leaving, is a matter of time and not a failure. */
function explainEnd(output: string): string | null {
  return /lock file .* already exists|is still in use/.test(output) ? null : output;
}

function refusesToStart(location: EmbeddedLocation, output: string): ConfigurationError {
  const lines = output.trim().split('\n');
  const telling = lines.filter((line) => /FATAL|PANIC|ERROR|HINT|unrecognized|invalid/.test(line));
  const said = (telling.length > 0 ? telling : lines).slice(-3).join(' ').trim();
  return new ConfigurationError([
    {
      code: 'EMBEDDED_DATABASE_REFUSES',
      message: `The embedded PostgreSQL in ${location.clusterFolder} does not start: ${said}`,
      fix: `Read ${location.logFile}, or set DATABASE_URL.`,
    },
  ]);
}
