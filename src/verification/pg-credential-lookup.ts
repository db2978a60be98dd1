import type { Pool } from 'pg';
import type { CredentialType, Environment } from '../core/principal.ts';
import { batchByTurn } from '../db/turn-batch.ts';
import type { CredentialRecord, FindCredentialRecord, LookupKey, StoredProof } from './credential-record.ts';
import { lookupStatement } from './lookup-statement.ts';

interface LookupRow {
  readonly n: number;
  readonly type: CredentialType;
  readonly id: string;
  readonly name: string | null;
  readonly environment: Environment | null;
  readonly expires_at: Date | null;
  readonly expired: boolean | null;
  readonly revoked: boolean;
  readonly replaced: boolean;
  readonly audience: string | null;
  readonly scopes: string[] | null;
  readonly token_hash: Buffer | null;
  readonly public_id: string | null;
  readonly key_hash: string | null;
  readonly match_proof: Buffer | null;
  readonly pepper_id: string | null;
  readonly user_id: number | null;
  readonly user_disabled: boolean;
  readonly role: string | null;
  readonly client_id: string | null;
  readonly client_scopes: string[] | null;
  readonly workspace_id: number | null;
  readonly workspace_scopes: string[] | null;
  readonly workspace_tier: string | null;
  readonly suspended: boolean;
  readonly own: boolean | null;
  readonly tier: string | null;
  readonly bucket: string;
  readonly meter: string;
  readonly used: number | null;
  readonly window_start: number | null;
  readonly now_seconds: number;
}

/**
 * Builds the lookup: one prepared statement for all credentials, of whatever kinds, that are presented in one event-loop
 * turn. Everything that can end a credential is read each time, never remembered.
 */
export function createCredentialLookup(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindCredentialRecord {
  return batchByTurn<LookupKey, CredentialRecord | null>(
    async (keys) => {
      const records: (CredentialRecord | null)[] = keys.map(() => null);
      try {
        const { rows } = await pool.query<LookupRow>(lookupStatement(keys));
        for (const row of rows) records[row.n] = toRecord(row);
      } catch (error) {
        throw translateError(error);
      }
      return records;
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

function toRecord(row: LookupRow): CredentialRecord {
  return {
    type: row.type,
    id: /^[1-9]\d{0,14}$/.test(row.id) ? Number(row.id) : row.id,
    name: row.name,
    environment: row.environment,
    expiresAt: row.expires_at,
    expired: row.expired ?? false,
    // A token whose client is gone is dead, whatever its own row says.
    revoked: row.revoked || (row.client_id !== null && row.client_scopes === null),
    replaced: row.replaced,
    proof: proofOf(row),
    audience: row.audience,
    grant: row.type === 'session' ? null : (row.scopes ?? []),
    user: row.user_id === null ? null : { id: row.user_id, disabled: row.user_disabled, role: row.role },
    client: row.client_id === null ? null : { id: row.client_id, scopes: row.client_scopes ?? [] },
    workspace:
      row.workspace_id === null
        ? null
        : {
            id: row.workspace_id,
            scopes: row.workspace_scopes ?? [],
            suspended: row.suspended,
            own: row.own ?? false,
            tier: row.workspace_tier ?? '',
          },
    tier: row.tier,
    bucket: row.bucket,
    meter: row.meter,
    used:
      row.used === null || row.window_start === null
        ? null
        : { amount: row.used, windowStartSeconds: row.window_start },
    nowSeconds: row.now_seconds,
  };
}

function proofOf(row: LookupRow): StoredProof {
  if (row.token_hash !== null) return { kind: 'digest', digest: row.token_hash };
  if (row.public_id === null || row.key_hash === null) return { kind: 'none' };
  return {
    kind: 'key',
    publicId: row.public_id,
    keyHash: row.key_hash,
    proof: row.match_proof,
    pepperId: row.pepper_id,
  };
}
