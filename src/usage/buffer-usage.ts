import type { StoreUsage, UsageEvent, UsageSum } from './usage-event.ts';

/** Takes uses without waiting and writes them down about once a second. */
export interface UsageBuffer {
  /** Adds a use; synchronous, bounded, never throws. */
  record(event: UsageEvent): void;
  /** Writes what is there now. */
  flush(): Promise<void>;
  /** Writes the rest and stops. What came after the last flush is lost only when the process is killed. */
  close(): Promise<void>;
}

/** What a buffer needs. */
export interface UsageBufferDeps {
  readonly store: StoreUsage;
  readonly reportFailure: (error: unknown) => void;
  readonly flushMs?: number;
  /** Meters kept while the database does not answer; uses of further ones are dropped and reported. */
  readonly maximumMeters?: number;
}

const FLUSH_MS = 1000;
const MAXIMUM_METERS = 20_000;
/** Rows of one statement: enough for any second, few enough for its parameters. */
const BATCH = 2000;

interface Sum {
  allowed: number;
  denied: number;
  address: string;
  scopes: Set<string>;
}

/** Opens a buffer. A flush that fails puts its sums back, so a lost database costs nothing but time. */
export function bufferUsage(deps: UsageBufferDeps): UsageBuffer {
  let sums = new Map<string, Sum>();
  let flushing: Promise<void> | null = null;
  let dropped = 0;
  const timer = setInterval(() => void flush(), deps.flushMs ?? FLUSH_MS);
  timer.unref();

  function sumOf(meter: string): Sum | null {
    const known = sums.get(meter);
    if (known !== undefined) return known;
    if (sums.size >= (deps.maximumMeters ?? MAXIMUM_METERS)) {
      dropped += 1;
      return null;
    }
    const sum: Sum = { allowed: 0, denied: 0, address: '', scopes: new Set() };
    sums.set(meter, sum);
    return sum;
  }

  function putBack(failed: readonly UsageSum[]): void {
    for (const { meter, allowed, denied, address, scopes } of failed) {
      const sum = sumOf(meter);
      if (sum === null) continue;
      sum.allowed += allowed;
      sum.denied += denied;
      if (sum.address === '') sum.address = address;
      for (const scope of scopes) sum.scopes.add(scope);
    }
  }

  async function write(): Promise<void> {
    const taken = [...sums].map(([meter, sum]): UsageSum => ({ meter, ...sum, scopes: [...sum.scopes] }));
    sums = new Map();
    if (dropped > 0) deps.reportFailure(new Error(`${dropped} uses were not recorded: too many at once`));
    dropped = 0;
    for (let start = 0; start < taken.length; start += BATCH) {
      const batch = taken.slice(start, start + BATCH);
      try {
        await deps.store(batch);
      } catch (error) {
        putBack(taken.slice(start));
        deps.reportFailure(error);
        return;
      }
    }
  }

  function flush(): Promise<void> {
    flushing ??= write().finally(() => {
      flushing = null;
    });
    return flushing;
  }

  return {
    record({ meter, allowed, scopes, address }) {
      const sum = sumOf(meter);
      if (sum === null) return;
      if (allowed) sum.allowed += 1;
      else sum.denied += 1;
      if (address !== '') sum.address = address;
      for (const scope of scopes) sum.scopes.add(scope);
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
      if (sums.size > 0) await flush();
    },
  };
}
