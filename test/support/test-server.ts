import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { resolveLocation } from '../../src/db/embedded-location.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts';
import { stopPostgres } from '../../src/db/embedded-process.ts';
import { migrateToLatest } from '../../src/db/migrate.ts';
import { isAlive } from '../../src/db/postmaster-file.ts';

/** The database server of one run of the suite. */
export interface TestServer {
  /** URL of its maintenance database. */
  readonly serverUrl: string;
  /** Every database of this run has a name that starts so. */
  readonly prefix: string;
  stop(): Promise<void>;
}

const FOLDER_PREFIX = 'latchkey-test-';

/** Starts an embedded server on a folder of its own, or takes `TEST_DATABASE_URL`, and migrates a template. */
export async function startTestServer(): Promise<TestServer> {
  const external = process.env.TEST_DATABASE_URL;
  const server = external ? externalServer(external) : await embeddedServer();
  await createDatabase(server.serverUrl, `${server.prefix}template`);
  await migrateToLatest({ databaseUrl: withDatabase(server.serverUrl, `${server.prefix}template`) });
  return server;
}

/** Writes the same server's URL with another database. */
export function withDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Creates a database, empty unless a template is named. */
export async function createDatabase(serverUrl: string, name: string, template = 'template0'): Promise<void> {
  await onServer(serverUrl, (client) => client.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"`));
}

/** Drops a database whoever uses it. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`));
}

async function onServer<T>(serverUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function externalServer(serverUrl: string): TestServer {
  const prefix = `latchkey_test_${randomBytes(4).toString('hex')}_`;
  const stop = async (): Promise<void> => {
    const found = await onServer(serverUrl, (client) =>
      client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix]),
    );
    for (const row of found.rows) await dropDatabase(serverUrl, row.datname);
  };
  return { serverUrl, prefix, stop };
}

async function embeddedServer(): Promise<TestServer> {
  await removeAbandonedServers();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  // PostgreSQL runs as another user where the suite runs as root, and must be able to pass.
  await chmod(folder, 0o711);
  // What these tests write is gone with them, so nothing is flushed; everything else is as in production.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };
  const embedded = await startEmbeddedPostgres({ dataDir: folder, settings });
  const stop = async (): Promise<void> => {
    await embedded.close();
    await stopPostgres(embedded.location.clusterFolder);
    await rm(embedded.location.home, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  };
  return { serverUrl: embedded.urlOf('postgres'), prefix: 'test_', stop };
}

/** A run that was killed leaves its server behind; the folder's name says whose it was. */
async function removeAbandonedServers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^latchkey-test-(\d+)-/.exec(name)?.[1]);
    if (!Number.isSafeInteger(pid) || isAlive(pid)) continue;
    const folder = join(tmpdir(), name);
    try {
      const location = await resolveLocation(folder);
      await stopPostgres(location.clusterFolder);
      await rm(location.home, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    } catch {
      // Another user's run, or another run that cleans up at this moment.
    }
  }
}
