import type { Pool } from 'pg';
import type { ListScopeHolders, ScopeHolder, ScopeHoldersQuestion } from './scope-holder.ts';

/*
 * Each question reads a page out of an index and stops. `$1` entries, `$2` limit, then what the kind needs; a workspace
 * whose ceiling does not cover the scope lets nobody in it have it.
 */
const HERE = (ownWorkspaceOnly: boolean): string =>
  `w.suspended_at IS NULL AND w.scopes && $1::text[]${ownWorkspaceOnly ? ' AND w.own' : ''}`;

const MEMBERS = (own: boolean): string => `
  SELECT m.user_id::text AS id, coalesce(nullif(u.name, ''), u.email) AS name, m.workspace_id, w.name AS workspace_name,
         m.user_id, ARRAY[m.role] AS entries
    FROM memberships m JOIN users u ON u.id = m.user_id JOIN workspaces w ON w.id = m.workspace_id
   WHERE m.role = ANY ($3::text[]) AND (m.workspace_id, m.user_id) > ($4::bigint, $5::bigint)
     AND u.disabled_at IS NULL AND ${HERE(own)}
   ORDER BY m.workspace_id, m.user_id LIMIT $2`;

const LIVE = `c.scopes && $1::text[] AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())`;

/* In the first workspace alone: an index gives what is there, however many credentials all others have. */
const WHERE_COUNTED = (own: boolean): string =>
  own ? 'AND c.workspace_id = (SELECT id FROM workspaces WHERE own)' : '';

/*
 * One token after the other, each looked up by its ids (OFFSET 0): joined as the planner likes, all tokens of a workspace
 * may be compared with all of its members.
 */
const TOKENS = (own: boolean): string => `
  SELECT c.id::text AS id, c.name, c.workspace_id, w.name AS workspace_name, c.user_id, c.scopes AS entries
    FROM credentials c
   CROSS JOIN LATERAL (SELECT w.name FROM workspaces w WHERE w.id = c.workspace_id AND ${HERE(own)} OFFSET 0) w
   WHERE c.kind = 'personal_access_token' AND c.id > $4::bigint AND ${LIVE} ${WHERE_COUNTED(own)}
     AND EXISTS (SELECT FROM memberships m WHERE m.workspace_id = c.workspace_id AND m.user_id = c.user_id
                    AND m.role = ANY ($3::text[]) OFFSET 0)
     AND EXISTS (SELECT FROM users u WHERE u.id = c.user_id AND u.disabled_at IS NULL OFFSET 0)
   ORDER BY c.id LIMIT $2`;

const KEYS = (own: boolean): string => `
  SELECT c.id::text AS id, c.name, c.workspace_id, w.name AS workspace_name, NULL::bigint AS user_id, c.scopes AS entries
    FROM credentials c JOIN workspaces w ON w.id = c.workspace_id
   WHERE c.kind = 'api_key' AND c.id > $3::bigint AND ${LIVE} ${WHERE_COUNTED(own)} AND ${HERE(own)}
   ORDER BY c.id LIMIT $2`;

const CLIENTS = (own: boolean): string => `
  SELECT c.client_id AS id, c.client_name AS name, c.workspace_id, w.name AS workspace_name, NULL::bigint AS user_id,
         CASE WHEN c.resource_server AND $3::boolean THEN c.scopes || ARRAY['resource_server'] ELSE c.scopes END AS entries
    FROM oauth_clients c JOIN workspaces w ON w.id = c.workspace_id
   WHERE (c.workspace_id, c.client_id) > ($4::bigint, $5::text)
     AND ((c.scopes && $1::text[] AND ${HERE(own)}) OR (c.resource_server AND $3::boolean))
   ORDER BY c.workspace_id, c.client_id LIMIT $2`;

interface HolderRow {
  readonly id: string;
  readonly name: string;
  readonly workspace_id: number;
  readonly workspace_name: string;
  readonly user_id: number | null;
  readonly entries: readonly string[];
}

/** Builds the list of who holds a scope, a page of one kind at a time. */
export function pgScopeHolders(pool: Pick<Pool, 'query'>): ListScopeHolders {
  return async (question) => {
    const { text, values } = statementOf(question);
    const { rows } = await pool.query<HolderRow>(text, [[...question.entries], question.limit, ...values]);
    return rows.map((row) => toHolder(row, question));
  };
}

function statementOf({ kind, roles, after, ownWorkspaceOnly: own, markedClients }: ScopeHoldersQuestion): {
  readonly text: string;
  readonly values: readonly unknown[];
} {
  const workspaceId = after?.workspaceId ?? 0;
  if (kind === 'user') return { text: MEMBERS(own), values: [[...roles], workspaceId, Number(after?.id ?? 0)] };
  if (kind === 'personal_access_token') return { text: TOKENS(own), values: [[...roles], Number(after?.id ?? 0)] };
  if (kind === 'api_key') return { text: KEYS(own), values: [Number(after?.id ?? 0)] };
  return { text: CLIENTS(own), values: [markedClients, workspaceId, String(after?.id ?? '')] };
}

function toHolder(row: HolderRow, { kind, entries }: ScopeHoldersQuestion): ScopeHolder {
  const covering = new Set([...entries, 'resource_server']);
  return {
    kind,
    id: kind === 'client' ? row.id : Number(row.id),
    name: row.name,
    workspace: { id: row.workspace_id, name: row.workspace_name },
    userId: row.user_id,
    by: kind === 'user' ? row.entries : row.entries.filter((entry) => covering.has(entry)),
  };
}
