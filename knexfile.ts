import type { Knex } from 'knex';
import { startEmbeddedPostgres } from './src/db/embedded-postgres.ts';
import { migrationSource } from './src/db/migration-source.ts';

// For the command line of knex (`npx knex migrate:status`). `latchkey migrate` is safer where several processes may
// migrate at once; both keep the same table. knex ends without a farewell, so an embedded database that it had to start
// stays up for the next one who comes.
const databaseUrl =
  process.env.DATABASE_URL ?? (await startEmbeddedPostgres({ dataDir: process.env.DATA_DIR ?? './data' })).databaseUrl;

const configuration: Knex.Config = {
  client: 'pg',
  connection: databaseUrl,
  migrations: { migrationSource: migrationSource() },
};

export default configuration;
