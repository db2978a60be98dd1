import type { Knex } from 'knex';
import type { StoredSigningKey } from './signing-key.ts';
import type { SigningKeyRepository } from './signing-key-repository.ts';

interface SigningKeyRow {
  readonly kid: string;
  readonly alg: string;
  readonly public_jwk: Record<string, unknown>;
  readonly sealed_private_jwk: string;
  readonly created_at: Date;
  readonly active_from: Date;
  readonly retires_at: Date | null;
}

/** Keeps signing keys in PostgreSQL; the database's clock decides which is active. */
export function knexSigningKeyRepository(knex: Knex): SigningKeyRepository {
  return {
    async listPublished() {
      const rows: SigningKeyRow[] = await knex('signing_keys')
        .whereRaw('retires_at IS NULL OR retires_at > now()')
        .orderByRaw('(active_from <= now()) DESC, active_from DESC, kid')
        .select('*');
      return rows.map(toKey);
    },

    async insertFirst(key) {
      await knex.transaction(async (transaction) => {
        // The lock makes the second process wait and then see the first one's key.
        await transaction.raw('LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE');
        if ((await transaction('signing_keys').first('kid')) !== undefined) return;
        await transaction('signing_keys').insert({
          kid: key.kid,
          alg: key.alg,
          public_jwk: JSON.stringify(key.publicJwk),
          sealed_private_jwk: key.sealedPrivateJwk,
        });
      });
    },
  };
}

function toKey(row: SigningKeyRow): StoredSigningKey {
  return {
    kid: row.kid,
    alg: row.alg,
    publicJwk: row.public_jwk,
    sealedPrivateJwk: row.sealed_private_jwk,
    createdAt: row.created_at,
    activeFrom: row.active_from,
    retiresAt: row.retires_at,
  };
}
