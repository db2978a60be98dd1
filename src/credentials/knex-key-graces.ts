import type { Knex } from 'knex';
import type { KeyGraces } from './key-grace.ts';
import { longestGraceSeconds } from './rotate-credential.ts';

/** What must hold of the row at the moment at which the end of a grace is moved. */
export const graceGuard = `
     AND c.revoked_at IS NULL AND c.expires_at > now()
     AND CAST(:endsAt AS timestamptz) > now()
     AND CAST(:endsAt AS timestamptz) <= least(c.end_before_rotation, h.created_at + make_interval(secs => ${longestGraceSeconds}))`;

/* The new key is made in the transaction of the rotation, so that its beginning is that of the grace. */
const MOVE = `
  UPDATE credentials c SET expires_at = CAST(:endsAt AS timestamptz)
    FROM credentials h
   WHERE c.id = :keyId AND c.kind = 'api_key' AND h.id = c.replaced_by ${graceGuard}
  RETURNING c.id`;

const FIND = `
  SELECT h.id AS replaced_by, h.created_at AS began_at, c.expires_at AS ends_at,
         least(c.end_before_rotation, h.created_at + make_interval(secs => ${longestGraceSeconds})) AS latest_end
    FROM credentials c JOIN credentials h ON h.id = c.replaced_by
   WHERE c.id = :keyId AND c.kind = 'api_key' AND c.revoked_at IS NULL AND c.expires_at > now()`;

interface GraceRow {
  readonly replaced_by: number;
  readonly began_at: Date;
  readonly ends_at: Date;
  readonly latest_end: Date;
}

/** Keeps graces in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexKeyGraces(database: () => Knex): KeyGraces {
  return {
    async find(keyId) {
      const { rows } = await database().raw<{ rows: GraceRow[] }>(FIND, { keyId });
      const [row] = rows;
      return row === undefined
        ? null
        : {
            keyId,
            replacedBy: row.replaced_by,
            beganAt: row.began_at,
            endsAt: row.ends_at,
            latestEnd: row.latest_end,
          };
    },

    async move(keyId, endsAt) {
      const { rows } = await database().raw<{ rows: unknown[] }>(MOVE, { keyId, endsAt });
      return rows.length > 0;
    },
  };
}
