import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';

/** The system user that PostgreSQL runs as where this process is root, which PostgreSQL refuses to be. */
export interface PostgresAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Tells whether this process is root, and PostgreSQL therefore needs another account. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Chooses the account for a new database: `postgres`, made for this, else `nobody`, who exists everywhere.
 * @throws ConfigurationError where neither exists.
 */
export async function chooseAccount(): Promise<PostgresAccount> {
  const accounts = await readAccounts();
  const account = accounts.find(({ name }) => name === 'postgres') ?? accounts.find(({ name }) => name === 'nobody');
  if (account !== undefined) return account;
  throw new ConfigurationError([
    {
      code: 'NO_UNPRIVILEGED_USER',
      message: 'PostgreSQL refuses to run as root, and this system has neither a user postgres nor a user nobody.',
      fix: 'Start the server as an ordinary user, or set DATABASE_URL.',
    },
  ]);
}

/** Names the account that owns an existing database, so that PostgreSQL keeps running as the one who made it. */
export async function accountOf(uid: number, gid: number): Promise<PostgresAccount> {
  const known = (await readAccounts()).find((account) => account.uid === uid);
  return { name: known?.name ?? `uid ${uid}`, uid, gid };
}

/** Tells by the mode bits whether the account can pass through every folder down to `path`. */
export function canEnter(path: string, account: PostgresAccount): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function readAccounts(): Promise<PostgresAccount[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const accounts: PostgresAccount[] = [];
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || uid === undefined || gid === undefined || Number(uid) === 0) continue;
    accounts.push({ name, uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
