import type { RequestTransactions } from '../db/request-transaction.ts';
import type { ConnectedApp, GrantRepository, RevokedGrant, StoredGrant } from './grant.ts';
import type { ArtifactPayload } from './protocol-artifact.ts';

const SAVE = `
  INSERT INTO oauth_grants (id, user_id, client_id, payload, expires_at)
  VALUES ($1, $2::bigint, $3, $4::jsonb, now() + $5::float8 * interval '1 second')
  ON CONFLICT (id) DO UPDATE SET payload = EXCLUDED.payload, expires_at = EXCLUDED.expires_at
   WHERE oauth_grants.revoked_at IS NULL`;

const STANDING = `
  FROM oauth_grants g JOIN users u ON u.id = g.user_id AND u.disabled_at IS NULL
 WHERE g.revoked_at IS NULL AND g.expires_at > now()`;

const FIND = `SELECT g.id, g.payload, g.workspace_id ${STANDING} AND g.id = $1`;

/*
 * Whoever makes a token holds its grant's key until the token is written. Waiting for them first, and looking again then,
 * leaves none over. In one order, so that two revocations do not lock each other.
 */
const CLAIM = `
  SELECT id FROM oauth_grants
   WHERE revoked_at IS NULL AND ($1::bigint IS NULL OR user_id = $1) AND ($2::text IS NULL OR client_id = $2)
     AND ($3::bigint IS NULL OR workspace_id = $3)
   ORDER BY id FOR UPDATE`;

const CLAIM_BY_ID = 'SELECT id FROM oauth_grants WHERE id = $1 FOR UPDATE';

/* The tombstone keeps the verdict explainable; what was issued under the grant goes in the same statement. */
const REVOKE = `
  WITH ended AS (
    UPDATE oauth_grants SET revoked_at = now(), revoke_reason = $4
     WHERE revoked_at IS NULL AND ($1::bigint IS NULL OR user_id = $1) AND ($2::text IS NULL OR client_id = $2)
       AND ($3::bigint IS NULL OR workspace_id = $3)
    RETURNING id, user_id, client_id, workspace_id),
  gone AS (DELETE FROM oauth_artifacts WHERE grant_id IN (SELECT id FROM ended))
  SELECT id, user_id, client_id, workspace_id FROM ended`;

const REVOKE_BY_ID = `
  WITH ended AS (
    UPDATE oauth_grants SET revoked_at = now(), revoke_reason = $2 WHERE id = $1 AND revoked_at IS NULL
    RETURNING id, user_id, client_id, workspace_id),
  gone AS (DELETE FROM oauth_artifacts WHERE grant_id = $1)
  SELECT id, user_id, client_id, workspace_id FROM ended`;

const LIST_APPS = `
  SELECT c.client_id, c.client_name, c.client_uri, array_agg(DISTINCT g.workspace_id) AS workspace_ids,
         array_agg(g.payload -> 'resources') AS resources, min(g.created_at) AS since,
         max((SELECT max(a.created_at) FROM oauth_artifacts a
               WHERE a.grant_id = g.id AND a.model IN ('AccessToken', 'RefreshToken'))) AS last_used_at
    FROM oauth_grants g JOIN oauth_clients c USING (client_id)
   WHERE g.user_id = $1 AND g.revoked_at IS NULL AND g.expires_at > now()
   GROUP BY c.client_id ORDER BY min(g.created_at) DESC`;

interface GrantRow {
  readonly id: string;
  readonly payload: ArtifactPayload;
  readonly workspace_id: number | null;
}

interface RevokedRow {
  readonly id: string;
  readonly user_id: number;
  readonly client_id: string;
  readonly workspace_id: number | null;
}

interface AppRow {
  readonly client_id: string;
  readonly client_name: string;
  readonly client_uri: string | null;
  /** Numbers in arrays come as text. */
  readonly workspace_ids: readonly (string | null)[];
  readonly resources: readonly (Readonly<Record<string, string>> | null)[];
  readonly since: Date;
  readonly last_used_at: Date | null;
}

/**
 * Keeps grants in PostgreSQL; `translateError` turns a lost database into `DependencyDown`. `onRevoked` is told of what
 * was ended within the same transaction.
 */
export function pgGrantRepository(
  transactions: RequestTransactions,
  findLatest: GrantRepository['findLatest'],
  translateError: (error: unknown) => unknown,
  onRevoked: (grants: readonly RevokedGrant[], reason: string) => Promise<void>,
): GrantRepository {
  async function run<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await transactions.query<Row>({ name, text, values })).rows;
    } catch (error) {
      throw translateError(error);
    }
  }

  async function end(name: string, claim: string, text: string, values: unknown[], reason: string): Promise<number> {
    return transactions.run(
      async () => {
        await transactions.begin();
        await run(`${name}-claim`, claim, values);
        const rows = await run<RevokedRow>(name, text, [...values, reason]);
        await onRevoked(rows.map(toRevoked), reason);
        return rows.length;
      },
      () => true,
    );
  }

  const toGrant = (row: GrantRow | undefined): StoredGrant | null =>
    row === undefined ? null : { id: row.id, payload: row.payload, workspaceId: row.workspace_id };

  return {
    async save(id, payload, lifetimeSeconds) {
      const values = [id, payload.accountId, payload.clientId, JSON.stringify(payload), lifetimeSeconds];
      await run('grant-save', SAVE, values);
    },
    find: async (id) => toGrant((await run<GrantRow>('grant-find', FIND, [id]))[0]),
    async bindToWorkspace(id, workspaceId) {
      await run('grant-bind', 'UPDATE oauth_grants SET workspace_id = $2 WHERE id = $1', [id, workspaceId]);
    },
    findLatest,
    async revoke({ userId, clientId, workspaceId }, reason) {
      if (userId === undefined && clientId === undefined) throw new Error('a revocation must name a user or a client');
      return end('grant-revoke', CLAIM, REVOKE, [userId ?? null, clientId ?? null, workspaceId ?? null], reason);
    },
    async revokeById(id, reason) {
      await end('grant-revoke-by-id', CLAIM_BY_ID, REVOKE_BY_ID, [id], reason);
    },
    listApps: async (userId) => (await run<AppRow>('grant-list-apps', LIST_APPS, [userId])).map(toApp),
  };
}

function toRevoked(row: RevokedRow): RevokedGrant {
  return { id: row.id, userId: row.user_id, clientId: row.client_id, workspaceId: row.workspace_id };
}

function toApp(row: AppRow): ConnectedApp {
  const scopes = row.resources
    .flatMap((resources) => Object.values(resources ?? {}))
    .flatMap((text) => text.split(' '));
  return {
    clientId: row.client_id,
    clientName: row.client_name,
    clientUri: row.client_uri,
    workspaceIds: row.workspace_ids.flatMap((id) => (id === null ? [] : Number(id))),
    scopes: [...new Set(scopes)].filter((scope) => scope !== ''),
    since: row.since,
    lastUsedAt: row.last_used_at,
  };
}
