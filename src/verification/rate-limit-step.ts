import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { RateLimitState } from '../core/verification.ts';
import type { CountableCall, CountedCall } from '../rate-limits/pg-call-counter.ts';
import type { CredentialRecord } from './credential-record.ts';

/** Counts calls against a bucket: granted while used + cost stays within the limit, else nothing is counted. */
export type CountCall = (call: CountableCall) => Promise<CountedCall>;

/** The limit that holds for a record, before anything is counted; null for unlimited tiers. */
export interface ApplicableLimit {
  readonly tier: string;
  readonly limit: number;
  readonly windowSeconds: number;
}

/** What a limit depends on. */
export interface LimitedRecord extends Pick<CredentialRecord, 'tier' | 'environment'> {
  readonly workspace: { readonly tier: string } | null;
}

/** Finds the tier that counts: the credential's own, else its workspace's; test credentials have more. */
export function applicableLimit(catalog: ScopeCatalog, record: LimitedRecord): ApplicableLimit | null {
  const named = record.tier ?? record.workspace?.tier ?? '';
  // A tier that is no longer in the vocabulary must not become unlimited by that: the smallest counts, and is named.
  const tier = catalog.tier(named) === undefined ? (catalog.tierNames[0] ?? '') : named;
  const definition = catalog.tier(tier);
  if (definition === undefined || definition.limit === null) return null;
  const factor = record.environment === 'test' ? catalog.testMultiplier : 1;
  // The factor may be a fraction; calls are whole, and a limit that rounds to nothing would shut a key out.
  return { tier, limit: Math.max(1, Math.floor(definition.limit * factor)), windowSeconds: definition.windowSeconds };
}

/** Where a bucket stands: `used` of the window that is running at the database's clock. */
export function rateLimitState(
  limit: ApplicableLimit | null,
  tier: string,
  used: number,
  nowSeconds: number,
): RateLimitState {
  if (limit === null)
    return { tier, limit: null, remaining: null, resetSeconds: nowSeconds, windowSeconds: 0, nowSeconds };
  const windowStart = nowSeconds - (nowSeconds % limit.windowSeconds);
  return {
    tier: limit.tier,
    limit: limit.limit,
    remaining: Math.max(0, limit.limit - used),
    resetSeconds: windowStart + limit.windowSeconds,
    windowSeconds: limit.windowSeconds,
    nowSeconds,
  };
}

/**
 * What a bucket has used in the window that is running, by the record; windows that are over do not count. One that began
 * within the running window counts: the tier may have changed to a longer window since.
 */
export function usedNow(record: Pick<CredentialRecord, 'used' | 'nowSeconds'>, limit: ApplicableLimit): number {
  const { used, nowSeconds } = record;
  if (used === null) return 0;
  return used.windowStartSeconds >= nowSeconds - (nowSeconds % limit.windowSeconds) ? used.amount : 0;
}
