import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type ConfigReview, reviewConfig } from '../config/check-config.ts';
import type { ConfigFacts } from '../config/config-facts.ts';
import { dataFolderFacts } from '../config/data-folder-facts.ts';
import { type Config, readEnvironment } from '../config/environment.ts';
import { readScopesFile } from '../config/scopes-file.ts';
import { loadSecretKeys, type SecretKeys, secretKeyFacts } from '../config/secret-keys-file.ts';
import { ConfigurationError, type ConfigurationFault } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { deriveKeys } from '../crypto/derive-keys.ts';
import { randomSecretKey } from '../crypto/random-token.ts';
import { matchesFingerprint, secretKeyFingerprint } from '../crypto/secret-key-fingerprint.ts';
import { type ConnectedDatabase, connectDatabase } from '../db/connect-database.ts';
import type { DatabaseLog } from '../db/database-log.ts';
import { migrateToLatest } from '../db/migrate.ts';
import type { DatabaseTimeouts } from '../db/open-database.ts';
import { readServerSetting, settleServerSetting, writeServerSetting } from '../db/server-settings.ts';
import { openLog } from '../http/log.ts';

/** What a process of this installation stands on, before anything is wired. */
export interface Installation {
  readonly config: Config;
  readonly catalog: ScopeCatalog;
  readonly secretKeys: SecretKeys;
  readonly log: Logger;
  readonly database: ConnectedDatabase;
  /** The facts known so far, for the checks that follow. */
  readonly facts: ConfigFacts;
}

/** Settings, vocabulary and secrets of a process; the database is not opened yet. */
export interface Settings {
  readonly config: Config;
  readonly catalog: ScopeCatalog;
  readonly secretKeys: SecretKeys;
  readonly facts: ConfigFacts;
}

/** Reads everything that can be read without the database; throws a ConfigurationError with all faults at once. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const config = readEnvironment(environment);
  const faults: ConfigurationFault[] = [];
  const catalog = collect(faults, () => readScopesFile(config.scopesFile));
  const secretKeys = collect(faults, () => {
    mkdirSync(config.dataDir, { recursive: true, mode: dataFolderMode() });
    return loadSecretKeys(config, randomSecretKey);
  });
  const facts: ConfigFacts = {
    config,
    ...(secretKeys !== undefined && {
      secretKeys: secretKeyFacts(config, secretKeys),
      derivedKeys: {
        cookies: deriveKeys(secretKeys, 'cookies').map(({ key }) => key),
        peppers: deriveKeys(secretKeys, 'pepper').map(({ key }) => key),
      },
      dataFolder: dataFolderFacts(config.dataDir),
    }),
  };
  faults.push(...reviewConfig(facts).refusals);
  if (faults.length > 0 || catalog === undefined || secretKeys === undefined) throw new ConfigurationError(faults);
  return { config, catalog, secretKeys, facts };
}

/** PostgreSQL refuses to run as root, and the user it then runs as must be able to enter the folder; the secrets in it stay closed. */
function dataFolderMode(): number {
  return process.geteuid?.() === 0 ? 0o711 : 0o700;
}

/** Runs one step and keeps its faults, so that the operator sees those of all steps together. */
function collect<Value>(faults: ConfigurationFault[], step: () => Value): Value | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

/** Opens the database of the settings and makes sure that the secrets belong to it. */
export async function openInstallation(
  settings: Settings,
  options: {
    readonly applicationName: string;
    readonly timeouts?: DatabaseTimeouts;
    readonly migrate: boolean;
    readonly logTo?: NodeJS.WriteStream;
  },
): Promise<Installation> {
  const { config, secretKeys } = settings;
  // The standard output of a command is its result.
  const log = openLog(config.logLevel, options.logTo);
  const logger: DatabaseLog = (level, message, details) => log[level](details ?? {}, message);
  const database = await connectDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    applicationName: options.applicationName,
    poolSize: config.databasePoolSize,
    logger,
    ...(options.timeouts !== undefined && { timeouts: options.timeouts }),
  });
  try {
    await waitForDatabase(database);
    if (options.migrate) {
      const applied = await migrateToLatest({ databaseUrl: database.databaseUrl, logger });
      if (applied.length > 0) log.info({ migrations: applied }, 'migrated');
      await checkFingerprint(database, secretKeys);
    }
    return { ...settings, log, database };
  } catch (error) {
    await database.close();
    throw error;
  }
}

const DATABASE_PATIENCE_SECONDS = 15;

/** A database that is just starting is waited for; one that never answers ends the start instead of half a server. */
async function waitForDatabase(database: ConnectedDatabase): Promise<void> {
  const deadline = Date.now() + DATABASE_PATIENCE_SECONDS * 1000;
  for (;;) {
    try {
      await database.pool.query('SELECT 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        throw new ConfigurationError([
          {
            code: 'DATABASE_UNREACHABLE',
            message: `The database did not answer within ${DATABASE_PATIENCE_SECONDS} seconds: ${String(error)}.`,
            fix: 'Check DATABASE_URL and that the database is running.',
          },
        ]);
      }
      await sleep(250);
    }
  }
}

/** The database remembers which secret keys sealed it: a server with others would refuse every credential, so it does not start. */
async function checkFingerprint({ knex }: ConnectedDatabase, secretKeys: SecretKeys): Promise<void> {
  const current = secretKeyFingerprint(secretKeys);
  const stored = await settleServerSetting(knex, 'secret_key_fingerprint', current);
  if (stored === current) return;
  if (matchesFingerprint(secretKeys, stored)) return writeServerSetting(knex, 'secret_key_fingerprint', current);
  throw new ConfigurationError([
    {
      code: 'SECRET_KEYS_MISMATCH',
      message: 'SECRET_KEYS (or the file secret-keys in DATA_DIR) are not those that this database was set up with.',
      fix: 'Bring the old keys back; to rotate, put the new key first and keep the old one behind it.',
    },
  ]);
}

/** The issuer in force: the configured one, which is then remembered, else the one of the first start. */
export async function settleIssuer({ config, database }: Installation, listeningPort: number): Promise<string> {
  if (config.issuer === undefined)
    return settleServerSetting(database.knex, 'issuer', `http://localhost:${listeningPort}`);
  if ((await readServerSetting(database.knex, 'issuer')) !== config.issuer) {
    await writeServerSetting(database.knex, 'issuer', config.issuer);
  }
  return config.issuer;
}

/** Throws when these facts forbid to start, and logs what is allowed and unwise. */
export function refuseUnsafe(facts: ConfigFacts, log: Logger): void {
  const review: ConfigReview = reviewConfig(facts);
  if (review.refusals.length > 0) throw new ConfigurationError(review.refusals);
  for (const fault of [...review.overridden, ...review.warnings])
    log.warn({ fault: fault.code, fix: fault.fix }, fault.message);
}
