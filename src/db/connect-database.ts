import type { DatabaseLog } from './database-log.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { type Database, type OpenDatabaseOptions, openDatabase } from './open-database.ts';

/** What `connectDatabase` needs to know. */
export interface ConnectDatabaseOptions extends Omit<OpenDatabaseOptions, 'databaseUrl'> {
  /** Unset: the embedded PostgreSQL of `dataDir`. */
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
  readonly logger?: DatabaseLog;
}

/** A database that may be embedded: `close` also gives the embedded server up. */
export interface ConnectedDatabase extends Database {
  readonly databaseUrl: string;
  readonly isEmbedded: boolean;
}

/**
 * Opens the configured database, bringing up the embedded one where no other is named.
 * @throws ConfigurationError where the embedded database can not run here.
 */
export async function connectDatabase(options: ConnectDatabaseOptions): Promise<ConnectedDatabase> {
  const { databaseUrl, dataDir, ...rest } = options;
  if (databaseUrl !== undefined && databaseUrl !== '') {
    return { ...openDatabase({ ...rest, databaseUrl }), databaseUrl, isEmbedded: false };
  }
  const logger = options.logger === undefined ? {} : { logger: options.logger };
  const embedded = await startEmbeddedPostgres({ dataDir, ...logger });
  const database = openDatabase({ ...rest, databaseUrl: embedded.databaseUrl });
  const close = async (): Promise<void> => {
    await database.close();
    await embedded.close();
  };
  return { ...database, databaseUrl: embedded.databaseUrl, isEmbedded: true, close };
}
