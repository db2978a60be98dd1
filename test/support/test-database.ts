import { randomBytes } from 'node:crypto';
import { createDatabase, withDatabase } from './test-server.ts';

let shared: Promise<string> | undefined;

/** Returns the URL of this process's migrated database; test files of one worker share it, one after the other. */
export function testDatabase(): Promise<string> {
  shared ??= freshDatabase();
  return shared;
}

/** Creates a database for the caller alone, migrated unless `empty`, and returns its URL; it goes with the run. */
export function freshDatabase(kind: 'migrated' | 'empty' = 'migrated'): Promise<string> {
  return databaseFrom((prefix) => (kind === 'empty' ? 'template0' : `${prefix}template`));
}

/** Copies a database that nobody is connected to any more, and returns the URL of the copy; it goes with the run. */
export function copyOfDatabase(databaseUrl: string): Promise<string> {
  return databaseFrom(() => new URL(databaseUrl).pathname.slice(1));
}

async function databaseFrom(templateOf: (prefix: string) => string): Promise<string> {
  const serverUrl = process.env.LATCHKEY_TEST_SERVER;
  const prefix = process.env.LATCHKEY_TEST_PREFIX;
  if (serverUrl === undefined || prefix === undefined) {
    throw new Error('There is no test server: run mocha with --require test/support/mocha-database.ts.');
  }
  const name = `${prefix}${process.pid}_${randomBytes(4).toString('hex')}`;
  await createDatabase(serverUrl, name, templateOf(prefix));
  return withDatabase(serverUrl, name);
}

/** URL of the server's maintenance database, for what a test must do to the server itself. */
export function testServerUrl(): string {
  return process.env.LATCHKEY_TEST_SERVER ?? '';
}
