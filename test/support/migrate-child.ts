// Migrates a database. Parameters: its URL, optionally the folder of the migrations.
import { ConfigurationError } from '../../src/core/errors.ts';
import { migrateToLatest } from '../../src/db/migrate.ts';

const [databaseUrl = '', folder] = process.argv.slice(2);
try {
  const done = await migrateToLatest({
    databaseUrl,
    ...(folder === undefined ? {} : { folder }),
    logger: (level, message, details) => {
      if (level === 'info') process.stdout.write(`${message} ${JSON.stringify(details ?? {})}\n`);
    },
  });
  process.stdout.write(`done ${done.length}\n`);
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stdout.write(`fault ${error.message}\n`);
  process.exitCode = 78;
}
