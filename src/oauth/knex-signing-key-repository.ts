import type { Knex } from 'knex';
import type { NewSigningKey, PublishedSigningKey, SigningKeyStatus } from './signing-key.ts';
import type { RotationPlan, SigningKeyRepository } from './signing-key-repository.ts';

interface SigningKeyRow {
  readonly kid: string;
  readonly alg: string;
  readonly public_jwk: Record<string, unknown>;
  readonly sealed_private_jwk: string;
  readonly created_at: Date;
  readonly active_from: Date;
  readonly retires_at: Date | null;
  readonly status: SigningKeyStatus;
  readonly changes_in_ms: number | null;
}

/* The newest key whose time has come signs; `least` passes over nulls. */
const PUBLISHED = `
  SELECT kid, alg, public_jwk, sealed_private_jwk, created_at, active_from, retires_at,
         CASE WHEN active_from > now() THEN 'waiting'
              WHEN row_number() OVER (PARTITION BY active_from <= now() ORDER BY active_from DESC, kid) = 1 THEN 'active'
              ELSE 'retiring' END AS status,
         (extract(epoch FROM least(CASE WHEN active_from > now() THEN active_from END, retires_at) - now()) * 1000)::float8
           AS changes_in_ms
    FROM signing_keys
   WHERE retires_at IS NULL OR retires_at > now()
   ORDER BY (active_from <= now()) DESC, active_from DESC, kid`;

/* Makes the second of two processes wait and then see the first one's key; readers go on. */
const LOCK = 'LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE';

const IS_WAITING = `
  SELECT 1 FROM signing_keys WHERE active_from > now() AND (retires_at IS NULL OR retires_at > now()) LIMIT 1`;

/* A key that was to sign at once leaves none waiting: its youth is what tells of it. The first key replaced nobody. */
const WAS_JUST_REPLACED = `
  SELECT 1 FROM signing_keys young
   WHERE created_at > now() - interval '1 minute' AND active_from <= created_at
     AND EXISTS (SELECT 1 FROM signing_keys WHERE created_at < young.created_at) LIMIT 1`;

/* A key that still waits has signed nothing, so it may go at once. An end that is planned already is never put off. */
const RETIRE_OTHERS = `
  UPDATE signing_keys
     SET retires_at = CASE WHEN :withdraw OR active_from > now() THEN now()
                           ELSE least(retires_at, now() + :seconds * interval '1 second') END
   WHERE kid <> :kid AND (retires_at IS NULL OR retires_at > now())`;

/** Keeps signing keys in PostgreSQL; the database's clock decides which is active. */
export function knexSigningKeyRepository(knex: Knex): SigningKeyRepository {
  return {
    async listPublished() {
      const { rows }: { rows: SigningKeyRow[] } = await knex.raw(PUBLISHED);
      return rows.map(toKey);
    },

    async insertFirst(key) {
      await knex.transaction(async (transaction) => {
        await transaction.raw(LOCK);
        if ((await transaction('signing_keys').first('kid')) !== undefined) return;
        await insert(transaction, key, 0);
      });
    },

    rotate: (key, plan) =>
      knex.transaction(async (transaction) => {
        await transaction.raw(LOCK);
        if (await isUnderWay(transaction, plan)) return false;
        await insert(transaction, key, plan.waitSeconds);
        const seconds = plan.waitSeconds + plan.keepSeconds;
        await transaction.raw(RETIRE_OTHERS, { kid: key.kid, withdraw: plan.withdraw, seconds });
        return true;
      }),

    async reseal(kid, before, after) {
      await knex('signing_keys').where({ kid, sealed_private_jwk: before }).update({ sealed_private_jwk: after });
    },
  };
}

async function isUnderWay(transaction: Knex.Transaction, { waitSeconds }: RotationPlan): Promise<boolean> {
  const { rows }: { rows: unknown[] } = await transaction.raw(waitSeconds > 0 ? IS_WAITING : WAS_JUST_REPLACED);
  return rows.length > 0;
}

async function insert(transaction: Knex.Transaction, key: NewSigningKey, waitSeconds: number): Promise<void> {
  await transaction('signing_keys').insert({
    kid: key.kid,
    alg: key.alg,
    public_jwk: JSON.stringify(key.publicJwk),
    sealed_private_jwk: key.sealedPrivateJwk,
    active_from: transaction.raw(`now() + ?::float8 * interval '1 second'`, [waitSeconds]),
  });
}

function toKey(row: SigningKeyRow): PublishedSigningKey {
  return {
    kid: row.kid,
    alg: row.alg,
    publicJwk: row.public_jwk,
    sealedPrivateJwk: row.sealed_private_jwk,
    createdAt: row.created_at,
    activeFrom: row.active_from,
    retiresAt: row.retires_at,
    status: row.status,
    changesInMs: row.changes_in_ms,
  };
}
