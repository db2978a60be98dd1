import type { Pool } from 'pg';
import { batchByTurn } from '../db/turn-batch.ts';
import type { CredentialRecord, FindCredentialRecord, LookupKey, StoredProof } from './credential-record.ts';
import { at, type LookupRow, lookupStatement } from './lookup-statement.ts';
import { rememberScopeLists } from './scope-lists.ts';

/** A number of ours; identifiers of tokens are text. */
const NUMBER = /^[1-9]\d{0,14}$/;

/**
 * Builds the lookup: one prepared statement for all credentials, of whatever kinds, that are presented in one event-loop
 * turn. Everything that can end a credential is read each time, never remembered.
 */
export function createCredentialLookup(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): FindCredentialRecord {
  const listOf = rememberScopeLists();
  return batchByTurn<LookupKey, CredentialRecord | null>(
    async (keys) => {
      const records: (CredentialRecord | null)[] = keys.map(() => null);
      try {
        const { rows } = await pool.query<LookupRow>(lookupStatement(keys));
        for (const row of rows) records[row[at.n]] = toRecord(row, listOf);
      } catch (error) {
        throw translateError(error);
      }
      return records;
    },
    { maxInFlight: 2, maxBatch: 500 },
  );
}

function toRecord(row: LookupRow, listOf: (text: string) => readonly string[]): CredentialRecord {
  const type = row[at.type];
  const id = row[at.id];
  const userId = row[at.userId];
  const clientId = row[at.clientId];
  const clientScopes = row[at.clientScopes];
  const used = row[at.used];
  const windowStart = row[at.windowStart];
  return {
    type,
    id: NUMBER.test(id) ? Number(id) : id,
    name: row[at.name],
    environment: row[at.environment],
    expiresAt: row[at.expiresAt],
    expired: row[at.expired] ?? false,
    // A token whose client is gone is dead, whatever its own row says.
    revoked: row[at.revoked] || (clientId !== null && clientScopes === null),
    replaced: row[at.replaced],
    proof: proofOf(row),
    audience: row[at.audience],
    grant: type === 'session' ? null : listOf(row[at.scopes] ?? ''),
    user: userId === null ? null : { id: userId, disabled: row[at.userDisabled] !== false, role: row[at.role] },
    client: clientId === null ? null : { id: clientId, scopes: listOf(clientScopes ?? '') },
    workspace: workspaceOf(row, listOf),
    tier: row[at.tier],
    bucket: row[at.bucket],
    meter: row[at.meter],
    used: used === null || windowStart === null ? null : { amount: used, windowStartSeconds: windowStart },
    nowSeconds: row[at.nowSeconds],
  };
}

function workspaceOf(row: LookupRow, listOf: (text: string) => readonly string[]): CredentialRecord['workspace'] {
  const id = row[at.workspaceId];
  if (id === null) return null;
  return {
    id,
    scopes: listOf(row[at.workspaceScopes] ?? ''),
    suspended: row[at.suspended],
    own: row[at.own] ?? false,
    tier: row[at.workspaceTier] ?? '',
  };
}

function proofOf(row: LookupRow): StoredProof {
  const tokenHash = row[at.tokenHash];
  const publicId = row[at.publicId];
  const keyHash = row[at.keyHash];
  if (tokenHash !== null) return { kind: 'digest', digest: tokenHash };
  if (publicId === null || keyHash === null) return { kind: 'none' };
  return { kind: 'key', publicId, keyHash, proof: row[at.matchProof], pepperId: row[at.pepperId] };
}
