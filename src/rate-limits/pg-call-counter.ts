import type { Pool } from 'pg';

/** Calls of one bucket in one event-loop turn, all of the same cost. */
interface BucketCalls {
  readonly bucket: string;
  readonly cost: number;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly waiting: Waiting[];
}

/** One call that waits to be counted. */
interface Waiting {
  readonly call: CountableCall;
  readonly resolve: (counted: CountedCall) => void;
  readonly reject: (error: unknown) => void;
}

/** A call, and the limit it is counted against. */
export interface CountableCall {
  readonly bucket: string;
  /** How many calls it counts for; at least 1. */
  readonly cost: number;
  readonly limit: number;
  readonly windowSeconds: number;
}

/** Whether a call was within the limit, and what the bucket has used in its window now. */
export interface CountedCall {
  readonly granted: boolean;
  readonly used: number;
}

/*
 * One statement counts every call of a turn. Calls are added up per bucket first, because one row can not be touched twice
 * by one statement, and ordered, because two statements that lock the same rows in different orders deadlock. Of the calls
 * asked for, as many whole ones are granted as fit; the rest is not counted at all.
 */
const COUNT = `
  INSERT INTO rate_limit_windows AS w (bucket, window_start, used, asked, cost, capacity, granted)
  SELECT k.bucket, to_timestamp(floor(extract(epoch FROM now()) / k.window_seconds) * k.window_seconds),
         least(k.asked, k.capacity / k.cost) * k.cost, k.asked, k.cost, k.capacity, least(k.asked, k.capacity / k.cost)
    FROM unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::int[]) AS k(bucket, asked, cost, capacity, window_seconds)
   ORDER BY k.bucket
  ON CONFLICT (bucket) DO UPDATE SET
    granted = CASE WHEN w.window_start < EXCLUDED.window_start THEN EXCLUDED.granted
                   ELSE greatest(0, least(EXCLUDED.asked, (EXCLUDED.capacity - w.used) / EXCLUDED.cost)) END,
    used = CASE WHEN w.window_start < EXCLUDED.window_start THEN EXCLUDED.used
                ELSE w.used + greatest(0, least(EXCLUDED.asked, (EXCLUDED.capacity - w.used) / EXCLUDED.cost)) * EXCLUDED.cost END,
    window_start = greatest(w.window_start, EXCLUDED.window_start),
    asked = EXCLUDED.asked, cost = EXCLUDED.cost, capacity = EXCLUDED.capacity
  RETURNING bucket, granted, used`;

const MAX_IN_FLIGHT = 2;

/** Builds the exact counter over all processes; `translateError` turns a lost database into `DependencyDown`. */
export function pgCallCounter(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
): (call: CountableCall) => Promise<CountedCall> {
  let waiting: Waiting[] = [];
  let scheduled = false;
  let inFlight = 0;

  function schedule(): void {
    if (scheduled || inFlight >= MAX_IN_FLIGHT || waiting.length === 0) return;
    scheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    scheduled = false;
    const { batch, rest } = addUp(waiting);
    waiting = rest;
    inFlight += 1;
    count(pool, translateError, batch).finally(() => {
      inFlight -= 1;
      schedule();
    });
    schedule();
  }

  return (call) =>
    new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject });
      schedule();
    });
}

/** Adds the waiting calls up per bucket; a call of another cost or limit than its bucket's first waits for the next statement. */
function addUp(waiting: readonly Waiting[]): { batch: Map<string, BucketCalls>; rest: Waiting[] } {
  const batch = new Map<string, BucketCalls>();
  const rest: Waiting[] = [];
  for (const one of waiting) {
    const { bucket, cost, limit, windowSeconds } = one.call;
    const known = batch.get(bucket);
    if (known === undefined) batch.set(bucket, { bucket, cost, limit, windowSeconds, waiting: [one] });
    else if (known.cost === cost && known.limit === limit && known.windowSeconds === windowSeconds)
      known.waiting.push(one);
    else rest.push(one);
  }
  return { batch, rest };
}

async function count(
  pool: Pick<Pool, 'query'>,
  translateError: (error: unknown) => unknown,
  batch: ReadonlyMap<string, BucketCalls>,
): Promise<void> {
  const buckets = [...batch.values()];
  const open = new Set(buckets);
  try {
    const { rows } = await pool.query<{ bucket: string; granted: number; used: number }>({
      name: 'rate-limit-count',
      text: COUNT,
      values: [
        buckets.map(({ bucket }) => bucket),
        buckets.map((calls) => calls.waiting.length),
        buckets.map(({ cost }) => cost),
        buckets.map(({ limit }) => limit),
        buckets.map(({ windowSeconds }) => windowSeconds),
      ],
    });
    for (const { bucket, granted, used } of rows) {
      const calls = batch.get(bucket);
      if (calls === undefined) continue;
      open.delete(calls);
      settle(calls, granted, used);
    }
    if (open.size > 0) throw new Error('a bucket was counted without an answer');
  } catch (error) {
    const translated = translateError(error);
    for (const calls of open) for (const { reject } of calls.waiting) reject(translated);
  }
}

/** Hands the grants out in the order of asking; each sees what was used when its own call had been counted. */
function settle(calls: BucketCalls, granted: number, used: number): void {
  calls.waiting.forEach(({ resolve }, index) => {
    if (index < granted) resolve({ granted: true, used: used - (granted - 1 - index) * calls.cost });
    else resolve({ granted: false, used });
  });
}
