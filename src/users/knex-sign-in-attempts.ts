import type { Knex } from 'knex';
import { sha256 } from '../crypto/digest.ts';
import { addressGroup } from './address-group.ts';
import type { SignInAttempt, SignInAttempts } from './sign-in-attempts.ts';
import { type AttemptLimits, knownAddressSeconds } from './sign-in-limits.ts';

interface CountRow {
  readonly known: boolean;
  readonly pair_attempts: number | null;
  readonly pair_wait: number | null;
  readonly address_attempts: number | null;
  readonly address_wait: number | null;
  readonly account_attempts: number | null;
  readonly account_wait: number | null;
}

/**
 * Counts attempts in PostgreSQL. `kind` keeps the counters of different actions apart; `database` gives what to query on.
 */
export function knexSignInAttempts(
  database: () => Knex,
  kind: 'sign-in' | 'link-request',
  limits: AttemptLimits,
): SignInAttempts {
  const keysOf = (attempt: SignInAttempt): Keys => keysFor(kind, attempt);
  const takeBackOne = (keyHash: Buffer): PromiseLike<unknown> =>
    database().raw('UPDATE sign_in_attempts SET attempts = greatest(attempts - 1, 0) WHERE key_hash = ?', [keyHash]);

  return {
    async count(attempt) {
      const { rows }: { rows: CountRow[] } = await database().raw(COUNT, {
        ...keysOf(attempt),
        email: attempt.email.replaceAll('\0', ''),
        browserOf: attempt.browserOf ?? 0,
        knownSeconds: knownAddressSeconds,
        pairLimit: limits.perAccountAndAddress.attempts,
        pairSeconds: limits.perAccountAndAddress.windowSeconds,
        addressLimit: limits.perAddress.attempts,
        addressSeconds: limits.perAddress.windowSeconds,
        accountLimit: limits.perAccount.attempts,
        accountSeconds: limits.perAccount.windowSeconds,
      });
      const [row] = rows;
      if (row === undefined) throw new Error('the count of an attempt returned no row');
      const waitSeconds = waitOf(row, limits);
      return waitSeconds === null
        ? { allowed: true }
        : { allowed: false, retryAfterSeconds: Math.max(1, Math.ceil(waitSeconds)) };
    },

    async takeBack(attempt) {
      const { pairKey, addressKey, accountKey } = keysOf(attempt);
      // One row a statement: no transaction ever holds two of them in an order of its own.
      for (const key of [pairKey, addressKey, accountKey]) await takeBackOne(key);
    },

    async succeed(attempt, userId) {
      const { pairKey, addressKey, accountKey, groupHash } = keysOf(attempt);
      await database().raw('DELETE FROM sign_in_attempts WHERE key_hash = ?', [pairKey]);
      for (const key of [addressKey, accountKey]) await takeBackOne(key);
      await database().raw(
        `INSERT INTO sign_in_addresses (user_id, address_hash) VALUES (?, ?)
         ON CONFLICT (user_id, address_hash) DO UPDATE SET last_signed_in_at = now()`,
        [userId, groupHash],
      );
    },
  };
}

/** Seconds to wait, or null when nothing stands in the way. */
function waitOf(row: CountRow, limits: AttemptLimits): number | null {
  if (row.pair_attempts === null) return row.address_wait ?? 1;
  if (row.pair_attempts > limits.perAccountAndAddress.attempts) return row.pair_wait;
  if (row.known) return null;
  if (row.address_attempts === null || row.address_attempts > limits.perAddress.attempts) return row.address_wait ?? 1;
  if (row.account_attempts === null || row.account_attempts > limits.perAccount.attempts) return row.account_wait ?? 1;
  return null;
}

interface Keys {
  readonly pairKey: Buffer;
  readonly addressKey: Buffer;
  readonly accountKey: Buffer;
  readonly groupHash: Buffer;
}

function keysFor(kind: string, { email, address }: SignInAttempt): Keys {
  const group = addressGroup(address);
  return {
    pairKey: sha256(`${kind}\npair\n${group}\n${email}`),
    addressKey: sha256(`${kind}\naddress\n${group}`),
    accountKey: sha256(`${kind}\naccount\n${email}`),
    groupHash: sha256(group),
  };
}

/** Begins a window, or counts in the one that runs; the row's lock makes parallel tries queue up. */
const counted = (alias: string): string => `
  ON CONFLICT (key_hash) DO UPDATE SET
    attempts = CASE WHEN ${alias}.ends_at <= now() THEN 1 ELSE ${alias}.attempts + 1 END,
    ends_at = CASE WHEN ${alias}.ends_at <= now() THEN excluded.ends_at ELSE ${alias}.ends_at END
  RETURNING attempts, extract(epoch FROM ends_at - now())::float AS wait`;

/**
 * One statement, three counters, each reached only by what the one before let through; so a flood from one address uses
 * up its own pair and nothing of the account's. Rows are locked in the order pair, address, account and one of each
 * kind, so two of these never wait for each other. An address over its limit is turned away before it can make rows.
 */
const COUNT = `
  WITH familiar AS (
    SELECT EXISTS (
      SELECT 1 FROM users
      WHERE users.email = :email AND (users.id = :browserOf OR EXISTS (
        SELECT 1 FROM sign_in_addresses known
        WHERE known.user_id = users.id AND known.address_hash = :groupHash
          AND known.last_signed_in_at > now() - make_interval(secs => :knownSeconds)))
    ) AS known
  ), exhausted AS (
    SELECT extract(epoch FROM ends_at - now())::float AS wait FROM sign_in_attempts
    WHERE key_hash = :addressKey AND attempts >= :addressLimit AND ends_at > now()
  ), pair AS (
    INSERT INTO sign_in_attempts AS p (key_hash, attempts, ends_at)
    SELECT CAST(:pairKey AS bytea), 1, now() + make_interval(secs => :pairSeconds) FROM familiar
    WHERE known OR NOT EXISTS (SELECT 1 FROM exhausted) ${counted('p')}
  ), address AS (
    INSERT INTO sign_in_attempts AS a (key_hash, attempts, ends_at)
    SELECT CAST(:addressKey AS bytea), 1, now() + make_interval(secs => :addressSeconds) FROM pair
    WHERE pair.attempts <= :pairLimit ${counted('a')}
  ), account AS (
    INSERT INTO sign_in_attempts AS u (key_hash, attempts, ends_at)
    SELECT CAST(:accountKey AS bytea), 1, now() + make_interval(secs => :accountSeconds) FROM address, familiar
    WHERE known OR address.attempts <= :addressLimit ${counted('u')}
  )
  SELECT familiar.known,
    pair.attempts AS pair_attempts, pair.wait AS pair_wait,
    address.attempts AS address_attempts, coalesce(address.wait, exhausted.wait) AS address_wait,
    account.attempts AS account_attempts, account.wait AS account_wait
  FROM familiar LEFT JOIN exhausted ON true LEFT JOIN pair ON true LEFT JOIN address ON true LEFT JOIN account ON true`;
