import { setTimeout as sleep } from 'node:timers/promises';
import { type DatabaseLog, silentDatabaseLog } from './database-log.ts';
import { EMBEDDED_USER } from './embedded-cluster.ts';
import { EMBEDDED_DATABASE, type House, joinOrStart, PRESENCE_LOCK, type Presence } from './embedded-join.ts';
import { type EmbeddedLocation, resolveLocation } from './embedded-location.ts';
import { EMBEDDED_PORT, stopPostgres } from './embedded-process.ts';

/** What `startEmbeddedPostgres` needs to know. */
export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly logger?: DatabaseLog;
  /** Further settings of PostgreSQL, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running embedded database that this process uses together with others. */
export interface EmbeddedPostgres {
  readonly databaseUrl: string;
  readonly location: EmbeddedLocation;
  /** The same server's URL for another database. */
  urlOf(database: string): string;
  /** Gives the database up; the last process to do so stops it. */
  close(): Promise<void>;
}

/**
 * Brings up the embedded PostgreSQL of that folder, or joins the one that runs there, and keeps it up until `close`.
 * @throws ConfigurationError with a sentence on what to do where it can not run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const location = await resolveLocation(options.dataDir);
  const house: House = { location, logger: options.logger ?? silentDatabaseLog, settings: options.settings ?? {} };
  const watch = await keepPresence(house);
  const urlOf = (database: string): string => socketUrl(watch.socketFolder, database);
  return { databaseUrl: urlOf(EMBEDDED_DATABASE), location, urlOf, close: watch.close };
}

/** Writes the URL of a database behind a socket; `sslmode` keeps a `PGSSLMODE` of the environment away. */
export function socketUrl(socketFolder: string, database: string): string {
  const query = `host=${encodeURIComponent(socketFolder)}&sslmode=disable`;
  return `postgres://${EMBEDDED_USER}@localhost:${EMBEDDED_PORT}/${encodeURIComponent(database)}?${query}`;
}

/** Stays connected, and brings the database back when it is gone although nobody here asked for that. */
async function keepPresence(house: House): Promise<{ socketFolder: string; close(): Promise<void> }> {
  const closing = new AbortController();
  let presence: Presence | null = await joinOrStart(house, closing.signal);
  const { socketFolder } = presence;
  const follow = async (): Promise<void> => {
    while (presence !== null) {
      await presence.ended;
      if (closing.signal.aborted) return;
      house.logger('warn', 'the embedded database is gone, bringing it back');
      presence = await rejoin(house, closing.signal);
      // Nobody ends the new presence before `close` has seen it.
      if (closing.signal.aborted) return;
      if (presence !== null) house.logger('info', 'the embedded database is back');
    }
  };
  const following = follow();
  const close = async (): Promise<void> => {
    closing.abort();
    if (presence !== null) await leave(presence, house);
    await following;
    // One that came back at the moment of closing.
    if (presence !== null) await leave(presence, house);
  };
  let closed: Promise<void> | undefined;
  return {
    socketFolder,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

async function rejoin(house: House, signal: AbortSignal): Promise<Presence | null> {
  while (!signal.aborted) {
    try {
      return await joinOrStart(house, signal);
    } catch (error) {
      if (signal.aborted) break;
      const reason = error instanceof Error ? error.message : String(error);
      house.logger('error', 'the embedded database does not come back, trying again', { error: reason });
      await sleep(1000);
    }
  }
  return null;
}

/** Gives up the shared lock and, where nobody else holds it, stops the server while holding it alone. */
async function leave(presence: Presence, house: House): Promise<void> {
  const { client } = presence;
  try {
    await client.query('SELECT pg_advisory_unlock_shared($1)', [PRESENCE_LOCK]);
    const alone = await client.query('SELECT pg_try_advisory_lock($1) AS alone', [PRESENCE_LOCK]);
    if (alone.rows[0]?.alone === true) {
      const stopped = await stopPostgres(house.location.clusterFolder);
      house.logger('info', stopped ? 'stopped the embedded database' : 'the embedded database takes long to stop');
    }
  } catch {
    // The server went away by itself: there is nothing to leave.
  }
  await client.end().catch(() => {});
}
