import { type ConfigRule, findingIf } from './config-facts.ts';
import { databaseAddress } from './database-address.ts';
import { isKnownWeak } from './secret-strength.ts';

/** Rules about where the data lies and what is in it. */
export const databaseRules: readonly ConfigRule[] = [
  {
    code: 'DATABASE_WITHOUT_TLS',
    applies: 'production',
    find: ({ config }) => {
      const address = databaseAddress(config.databaseUrl);
      const bad = address !== undefined && !address.local && address.tls === 'none';
      return findingIf(
        bad,
        `The connection to the database at ${address?.host} is not encrypted.`,
        'Add sslmode=verify-full (and sslrootcert=… for an authority of your own) to DATABASE_URL.',
      );
    },
  },
  {
    code: 'DATABASE_TLS_UNVERIFIED',
    applies: 'warning',
    find: ({ config }) => {
      const address = databaseAddress(config.databaseUrl);
      const bad = address !== undefined && !address.local && address.tls === 'unverified';
      return findingIf(
        bad,
        `Whoever answers at ${address?.host} is taken for the database.`,
        'Use sslmode=verify-full with sslrootcert=… in DATABASE_URL.',
      );
    },
  },
  {
    code: 'WEAK_DATABASE_PASSWORD',
    applies: 'production',
    find: ({ config }) => {
      const address = databaseAddress(config.databaseUrl);
      const password = address?.password ?? '';
      const bad = password !== '' && (isKnownWeak(password) || password === address?.user);
      return findingIf(bad, 'The password of the database is one of the first that are tried.', 'Choose a random one.');
    },
  },
  {
    code: 'EMBEDDED_DATABASE',
    applies: 'production',
    find: ({ config }) =>
      findingIf(
        config.databaseUrl === undefined && !config.embeddedDatabaseInProduction,
        'DATABASE_URL is not set, and the embedded database is meant for a single machine.',
        'Set DATABASE_URL, or EMBEDDED_DATABASE_IN_PRODUCTION=true if that is what you want.',
      ),
  },
  {
    code: 'DATA_FOLDER_READABLE',
    applies: 'production',
    find: ({ dataFolder }) =>
      findingIf(
        dataFolder !== undefined && (dataFolder.mode & 0o006) !== 0,
        `Everybody on this machine may look into the data folder ${dataFolder?.path}.`,
        'Take the permission away: chmod 700.',
      ),
  },
  {
    code: 'DATA_FOLDER_TEMPORARY',
    applies: 'production',
    find: ({ dataFolder, config }) =>
      findingIf(
        dataFolder?.temporary === true && (config.databaseUrl === undefined || config.secretKeys === undefined),
        `The data folder ${dataFolder?.path} is gone when the machine restarts.`,
        'Set DATA_DIR to a folder on a disk.',
      ),
  },
  {
    code: 'DATABASE_UNREACHABLE',
    applies: 'production',
    find: ({ database }) =>
      database?.reachable === false
        ? [
            {
              message: `The database did not answer within ${database.waitedSeconds} seconds.`,
              fix: 'Start it, or correct DATABASE_URL.',
            },
          ]
        : [],
  },
  {
    code: 'DATABASE_SUPERUSER',
    applies: 'warning',
    find: ({ database, config }) =>
      findingIf(
        config.databaseUrl !== undefined && database?.reachable === true && database.superuser,
        'The server connects to the database as a superuser.',
        'Give it a role that owns its database and nothing else.',
      ),
  },
  {
    code: 'PENDING_MIGRATIONS',
    applies: 'production',
    find: ({ database }) =>
      findingIf(
        database?.reachable === true && !database.migratesAtStart && database.pendingMigrations.length > 0,
        'The database is older than this server.',
        'Run: npx latchkey migrate',
      ),
  },
  {
    code: 'NEWER_SCHEMA',
    applies: 'production',
    find: ({ database }) =>
      findingIf(
        database?.reachable === true && database.unknownMigrations.length > 0,
        'The database was migrated by a newer version of this server.',
        'Start that version.',
      ),
  },
  {
    code: 'NO_ADMINISTRATOR',
    applies: 'production',
    find: ({ content }) =>
      findingIf(
        content !== undefined && !content.administratorExists && !content.bootstrapPending,
        'Nobody can administer this server.',
        'Make the first administrator with: npx latchkey bootstrap --email you@your.domain',
      ),
  },
  {
    code: 'BOOTSTRAP_TOKEN_LEFT',
    applies: 'production',
    find: ({ content }) =>
      findingIf(
        content?.administratorExists === true && content.bootstrapTokenInEnvironment,
        'The bootstrap token is still in the environment although there is an administrator.',
        'Remove it.',
      ),
  },
  {
    code: 'EXAMPLE_DATA',
    applies: 'production',
    find: ({ content, config }) => {
      const present = content?.examples ?? [];
      return findingIf(
        present.length > 0 || config.seedExamples,
        present.length > 0
          ? `Example data is present, whose secrets were printed: ${present.join(', ')}.`
          : 'SEED_EXAMPLES would create example data with printed secrets.',
        'Delete it and set SEED_EXAMPLES=false.',
      );
    },
  },
];
