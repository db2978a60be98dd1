import type { Pool } from 'pg';

/** What a bucket has used in the window that began then (null before the first use), by the clock of the database; epoch seconds. */
export interface BucketUse {
  readonly used: { readonly amount: number; readonly windowStartSeconds: number } | null;
  readonly nowSeconds: number;
}

/** Reads a bucket without counting: one by its name, or the one of a key or personal access token. */
export type ReadBucket = (bucket: { readonly credentialId: number } | { readonly name: string }) => Promise<BucketUse>;

/* A key and the key that replaces it share one. */
const BUCKET_OF_CREDENTIAL = `(SELECT 'credential:' || coalesce(c.bucket, c.id) FROM credentials c WHERE c.id = $1::bigint)`;

/** Builds the reader. */
export function pgReadBucket(pool: Pick<Pool, 'query'>): ReadBucket {
  return async (bucket) => {
    const [name, value] = 'name' in bucket ? ['$1::text', bucket.name] : [BUCKET_OF_CREDENTIAL, bucket.credentialId];
    const { rows } = await pool.query<{ used: number | null; window_start: number | null; now_seconds: number }>(
      `SELECT r.used, extract(epoch FROM r.window_start)::bigint AS window_start, extract(epoch FROM now())::bigint AS now_seconds
         FROM (SELECT ${name} AS bucket) AS asked LEFT JOIN rate_limit_windows r ON r.bucket = asked.bucket`,
      [value],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('a bucket was read without an answer');
    const { used, window_start: windowStartSeconds, now_seconds: nowSeconds } = row;
    const isUnused = used === null || windowStartSeconds === null;
    return { used: isUnused ? null : { amount: used, windowStartSeconds }, nowSeconds };
  };
}
