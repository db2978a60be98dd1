import type { Pool } from 'pg';
import { DependencyDown } from '../core/errors.ts';
import { countingStatement } from './counting-statement.ts';

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
  /** How many calls it counts for; a whole number from 1 to 2^31 - 1. */
  readonly cost: number;
  /** Whole. */
  readonly limit: number;
  readonly windowSeconds: number;
}

/** Whether a call was within the limit, and what the bucket has used in its window now. */
export interface CountedCall {
  readonly granted: boolean;
  readonly used: number;
  /** The database's clock when it counted, epoch seconds: the window that `used` is of runs then. */
  readonly nowSeconds: number;
}

/** One statement counts every call of a turn. */
const COUNT = countingStatement(
  'unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::int[]) AS k(bucket, asked, cost, capacity, window_seconds)',
);

/** One row of the answer. */
interface CountedBucket {
  readonly bucket: string;
  readonly granted: number;
  readonly used: number;
  readonly now_seconds: number;
}

const MAX_IN_FLIGHT = 2;
/** Buckets of one statement: what is locked together stays locked for some milliseconds. */
const MAX_BUCKETS = 500;
/** What an `int` of PostgreSQL holds. */
const MAX_INT = 2 ** 31 - 1;

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
    count(pool, batch)
      .catch((error: unknown) => giveUp(batch, translateError(error)))
      .finally(() => {
        inFlight -= 1;
        schedule();
      });
    schedule();
  }

  /** Who waits behind a dead database would wait out a second time limit on top of the first. */
  function giveUp(batch: ReadonlyMap<string, BucketCalls>, error: unknown): void {
    for (const calls of batch.values()) for (const { reject } of calls.waiting) reject(error);
    if (!(error instanceof DependencyDown)) return;
    const given = waiting;
    waiting = [];
    for (const { reject } of given) reject(error);
  }

  return (call) =>
    new Promise((resolve, reject) => {
      if (!isCountable(call))
        throw new RangeError('a call to be counted has a cost or a limit that is no whole number');
      waiting.push({ call, resolve, reject });
      schedule();
    });
}

/** Whether a statement can count a call, so that one strange number does not fail everybody else's calls. */
export function isCountable({ cost, limit, windowSeconds }: Omit<CountableCall, 'bucket'>): boolean {
  const isWhole = (value: number, least: number, most: number): boolean =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  return isWhole(cost, 1, MAX_INT) && isWhole(limit, 0, Number.MAX_SAFE_INTEGER) && isWhole(windowSeconds, 1, MAX_INT);
}

/** Adds the waiting calls up per bucket; a call of another cost or limit than its bucket's first waits for the next statement. */
function addUp(waiting: readonly Waiting[]): { batch: Map<string, BucketCalls>; rest: Waiting[] } {
  const batch = new Map<string, BucketCalls>();
  const rest: Waiting[] = [];
  for (const one of waiting) {
    const { bucket, cost, limit, windowSeconds } = one.call;
    const known = batch.get(bucket);
    if (known === undefined && batch.size >= MAX_BUCKETS) rest.push(one);
    else if (known === undefined) batch.set(bucket, { bucket, cost, limit, windowSeconds, waiting: [one] });
    else if (known.cost === cost && known.limit === limit && known.windowSeconds === windowSeconds)
      known.waiting.push(one);
    else rest.push(one);
  }
  return { batch, rest };
}

/** Counts a batch and settles its calls; those it does not get to are the caller's to refuse. */
async function count(pool: Pick<Pool, 'query'>, batch: ReadonlyMap<string, BucketCalls>): Promise<void> {
  const buckets = [...batch.values()];
  const { rows } = await pool.query<CountedBucket>({
    name: 'rate-limit-count',
    text: COUNT,
    values: [
      buckets.map(({ bucket }) => bucket),
      numbers(buckets.map((calls) => calls.waiting.length)),
      numbers(buckets.map(({ cost }) => cost)),
      numbers(buckets.map(({ limit }) => limit)),
      numbers(buckets.map(({ windowSeconds }) => windowSeconds)),
    ],
  });
  for (const row of rows) {
    const calls = batch.get(row.bucket);
    if (calls !== undefined) settle(calls, row);
  }
  if (rows.length !== buckets.length) throw new Error('a bucket was counted without an answer');
}

/** An array of numbers as PostgreSQL reads it; the driver would quote each of them. */
function numbers(list: readonly number[]): string {
  return `{${list.join(',')}}`;
}

/** Hands the grants out in the order of asking; each sees what was used when its own call had been counted. */
function settle(calls: BucketCalls, { granted, used, now_seconds: nowSeconds }: CountedBucket): void {
  calls.waiting.forEach(({ resolve }, index) => {
    if (index < granted) resolve({ granted: true, used: used - (granted - 1 - index) * calls.cost, nowSeconds });
    else resolve({ granted: false, used, nowSeconds });
  });
}
