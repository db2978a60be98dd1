// A stand-in for the server: uses the embedded database of a folder until SIGTERM.
// Parameters: the folder; optionally `insert`, to write numbered rows and say each one that was acknowledged.
import { ConfigurationError } from '../../src/core/errors.ts';
import { connectDatabase } from '../../src/db/connect-database.ts';
import { migrateToLatest } from '../../src/db/migrate.ts';

const [dataDir = '', task = '', owner = String(process.pid)] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

try {
  const database = await connectDatabase({
    dataDir,
    logger: (level, message, details) => {
      if (level !== 'debug') say(`log ${message} ${JSON.stringify(details ?? {})}`);
    },
  });
  if (task === 'migrate') await migrateToLatest({ databaseUrl: database.databaseUrl });
  // Under a lock: `IF NOT EXISTS` alone fails for the second of two who create it at the same moment.
  await database.knex.transaction(async (transaction) => {
    await transaction.raw('SELECT pg_advisory_xact_lock(1)');
    await transaction.raw(
      'CREATE TABLE IF NOT EXISTS ledger (owner text, number integer, PRIMARY KEY (owner, number))',
    );
  });
  let stopping = false;
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => {
      stopping = true;
      resolve();
    });
  });
  say(`ready ${database.databaseUrl}`);
  if (task === 'insert') {
    for (let number = 0; !stopping; number++) {
      try {
        await database.knex('ledger').insert({ owner, number });
        say(`ack ${number}`);
      } catch {
        // Not acknowledged: the ledger does not count it. The next one is tried when the database may be back.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
  await stopped;
  await database.close();
  say('closed');
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  for (const fault of error.faults) say(`fault ${fault.code}: ${fault.message} ${fault.fix}`);
  process.exitCode = 78;
}
