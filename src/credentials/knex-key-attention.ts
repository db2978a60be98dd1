import type { Knex } from 'knex';
import {
  type AttentionReason,
  attentionDays,
  attentionReasons,
  daysToFirstUse,
  type FindKeyAttention,
  type ListKeyMakers,
} from './key-attention.ts';
import { besideCredential, type CredentialRow, credentialColumns, toCredential } from './knex-credential-row.ts';

/** When a reason applies to a key `c` with the last use `u`. */
const CONDITIONS: Readonly<Record<AttentionReason, string>> = {
  never_used: `u.last_used_at IS NULL AND c.created_at < now() - interval '${daysToFirstUse} day'`,
  unused: `u.last_used_at < now() - interval '${attentionDays} days'`,
  never_expiring: 'c.expires_at IS NULL',
  old: `c.created_at < now() - interval '${attentionDays} days'`,
};

const WORKS = `c.kind = 'api_key' AND c.revoked_at IS NULL AND c.replaced_by IS NULL
  AND (c.expires_at IS NULL OR c.expires_at > now())`;

/** True where no reason is asked for, or the one that is applies. */
export const needsAttention = `(CAST(:attention AS text) IS NULL OR (${WORKS} AND CASE CAST(:attention AS text)
  ${attentionReasons.map((reason) => `WHEN '${reason}' THEN ${CONDITIONS[reason]}`).join('\n  ')} END))`;

/* Keys are read once, however many there are; only the examples are read in full. */
const ATTENTION = `
  WITH looked_at AS MATERIALIZED (
    SELECT c.id, ${attentionReasons.map((reason) => `${CONDITIONS[reason]} AS ${reason}`).join(', ')}
      FROM credentials c LEFT JOIN usage_last u ON u.meter = 'credential:' || c.id
     WHERE c.workspace_id = :workspaceId AND ${WORKS} ORDER BY c.id LIMIT :most),
  counted AS MATERIALIZED (
    SELECT count(*) AS looked_at, ${attentionReasons.map((reason) => `array_agg(id ORDER BY id) FILTER (WHERE ${reason}) AS ${reason}`).join(', ')}
      FROM looked_at),
  examples AS (
    SELECT r.reason, cardinality(r.ids) AS count, e.id
      FROM counted
     CROSS JOIN LATERAL (VALUES ${attentionReasons.map((reason) => `('${reason}', ${reason})`).join(', ')}) r(reason, ids)
     CROSS JOIN LATERAL unnest((r.ids)[1 : CAST(:examples AS int)]) e(id))
  SELECT counted.looked_at, f.reason, f.count, ${credentialColumns}
    FROM counted
    LEFT JOIN examples f ON true
    LEFT JOIN credentials c ON c.id = f.id ${besideCredential}
   ORDER BY f.reason, f.id`;

type AttentionRow = CredentialRow & {
  readonly looked_at: string | number;
  readonly reason: AttentionReason | null;
  readonly count: number | null;
};

/** Finds it in PostgreSQL, by one statement. */
export function knexKeyAttention(database: () => Knex): FindKeyAttention {
  return async (question) => {
    const { rows } = await database().raw<{ rows: AttentionRow[] }>(ATTENTION, { ...question });
    return {
      lookedAt: Number(rows[0]?.looked_at ?? 0),
      groups: attentionReasons.flatMap((reason) => {
        const own = rows.filter((row) => row.reason === reason);
        return own.length === 0
          ? []
          : [{ reason, count: own[0]?.count ?? 0, examples: own.map((row) => toCredential(row)) }];
      }),
    };
  };
}

const MOST_MAKERS = 1000;

const MAKERS = `
  SELECT u.id, coalesce(nullif(u.name, ''), u.email) AS name FROM users u
   WHERE u.id IN (SELECT c.created_by FROM credentials c
                   WHERE c.workspace_id = :workspaceId AND c.kind = 'api_key' AND c.revoked_at IS NULL)
   ORDER BY u.id LIMIT ${MOST_MAKERS}`;

/** Lists them in PostgreSQL. */
export function knexKeyMakers(database: () => Knex): ListKeyMakers {
  return async (workspaceId) =>
    (await database().raw<{ rows: { id: number; name: string }[] }>(MAKERS, { workspaceId })).rows;
}
