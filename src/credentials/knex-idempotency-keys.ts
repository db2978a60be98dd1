import type { Knex } from 'knex';

/** For so long a repeat makes nothing; hours. */
export const idempotencyHours = 24;

/** One use of an `Idempotency-Key`. */
export interface IdempotencyClaim {
  /** Who calls; two callers may use the same key. */
  readonly caller: string;
  readonly keyHash: Buffer;
  readonly path: string;
}

/** What was made under keys before. */
export interface IdempotencyKeys {
  /**
   * Claims a key and tells what was made under it before: null when nothing was, and then the claim stands with the
   * transaction it was made in. A repeat that comes meanwhile waits for the first one's end.
   */
  claim(claim: IdempotencyClaim): Promise<string | null>;
  /** Tells what was made under a key before, without claiming it. */
  find(claim: IdempotencyClaim): Promise<string | null>;
  /** Writes down what was made. */
  settle(claim: IdempotencyClaim, made: string): Promise<void>;
}

/* A claim that is older than a day is taken over by whoever comes; the sweeper need not have been there. */
const CLAIM = `
  INSERT INTO idempotency_keys AS k (caller, key_hash, path) VALUES (:caller, :keyHash, :path)
  ON CONFLICT (caller, key_hash) DO UPDATE SET path = EXCLUDED.path, made = NULL, created_at = now()
   WHERE k.created_at < now() - interval '${idempotencyHours} hours'
  RETURNING 1`;

const FIND = `
  SELECT made FROM idempotency_keys
   WHERE caller = :caller AND key_hash = :keyHash AND created_at >= now() - interval '${idempotencyHours} hours'`;

/** Remembers what was made in PostgreSQL; `database` must be the transaction in which it is made. */
export function knexIdempotencyKeys(database: () => Knex): IdempotencyKeys {
  async function find({ caller, keyHash }: IdempotencyClaim): Promise<string | null> {
    const { rows } = await database().raw<{ rows: { made: string }[] }>(FIND, { caller, keyHash });
    return rows[0]?.made ?? null;
  }

  return {
    find,

    async claim(claim) {
      const { rows } = await database().raw<{ rows: unknown[] }>(CLAIM, { ...claim });
      return rows.length > 0 ? null : ((await find(claim)) ?? '');
    },

    async settle({ caller, keyHash }, made) {
      await database()('idempotency_keys').where({ caller, key_hash: keyHash }).update({ made });
    },
  };
}
