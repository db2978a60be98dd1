import type { ScopeCalls, StoreUsage, UsageEvent, UsageSum } from './usage-event.ts';

/** Takes uses without waiting and writes them down about once a second. */
export interface UsageBuffer {
  /** Adds a use; synchronous, bounded, never throws. */
  record(event: UsageEvent): void;
  /** Writes what is there now; never fails. */
  flush(): Promise<void>;
  /** Meters that wait to be written. */
  size(): number;
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
/** Scopes of one meter in one second; a vocabulary is smaller, so this only bounds what should not happen. */
const MAXIMUM_SCOPES = 500;

interface Sum {
  allowed: number;
  denied: number;
  address: string;
  scopes: Map<string, number>;
}

/** Opens a buffer. A flush that fails puts its sums back, so a lost database costs nothing but time. */
export function bufferUsage(deps: UsageBufferDeps): UsageBuffer {
  let sums = new Map<string, Sum>();
  let flushing: Promise<void> | null = null;
  let dropped = 0;
  const timer = setInterval(() => {
    if (flushing === null) void flush();
  }, deps.flushMs ?? FLUSH_MS);
  timer.unref();

  function sumOf(meter: string): Sum | null {
    const known = sums.get(meter);
    if (known !== undefined) return known;
    if (sums.size >= (deps.maximumMeters ?? MAXIMUM_METERS)) {
      dropped += 1;
      return null;
    }
    const sum: Sum = { allowed: 0, denied: 0, address: '', scopes: new Map() };
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
      for (const { scope, calls } of scopes) exercise(sum, scope, calls);
    }
  }

  async function write(): Promise<void> {
    const taken = [...sums].map(([meter, sum]): UsageSum => ({ meter, ...sum, scopes: callsOf(sum.scopes) }));
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

  /** One at a time; who asks during one has the next, because the one under way took its sums before. */
  function flush(): Promise<void> {
    const turn = (flushing ?? Promise.resolve()).then(write).finally(() => {
      if (flushing === turn) flushing = null;
    });
    flushing = turn;
    return turn;
  }

  return {
    record({ meter, allowed, scopes, address }) {
      const sum = sumOf(meter);
      if (sum === null) return;
      if (allowed) sum.allowed += 1;
      else sum.denied += 1;
      // The last use is the last allowed one: a stolen key that is refused must not hide where its owner is.
      if (allowed && address !== '') sum.address = address;
      for (const scope of scopes) exercise(sum, scope, 1);
    },
    flush,
    size: () => sums.size,
    async close() {
      clearInterval(timer);
      await flush();
      if (sums.size > 0) await flush();
    },
  };
}

function exercise({ scopes }: Sum, scope: string, calls: number): void {
  const known = scopes.get(scope);
  if (known !== undefined || scopes.size < MAXIMUM_SCOPES) scopes.set(scope, (known ?? 0) + calls);
}

function callsOf(scopes: ReadonlyMap<string, number>): readonly ScopeCalls[] {
  return [...scopes].map(([scope, calls]) => ({ scope, calls }));
}
