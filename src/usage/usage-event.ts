/** One use of a credential, as the verification notes it. */
export interface UsageEvent {
  /** What the use is recorded under, such as `credential:12` or `client:…`. */
  readonly meter: string;
  readonly allowed: boolean;
  /** Scopes that the call exercised; none for a denied one. */
  readonly scopes: readonly string[];
  /** Where the call came from; empty when nobody knows. */
  readonly address: string;
}

/** The uses of one meter since the last flush. */
export interface UsageSum {
  readonly meter: string;
  readonly allowed: number;
  readonly denied: number;
  readonly address: string;
  /** How many of the allowed calls exercised each scope. */
  readonly scopes: readonly ScopeCalls[];
}

/** A scope, and how many calls exercised it. */
export interface ScopeCalls {
  readonly scope: string;
  readonly calls: number;
}

/** Where sums are kept: added to the hour, the last use, the day on which each scope was exercised last, and how often on each day. */
export type StoreUsage = (sums: readonly UsageSum[]) => Promise<void>;
