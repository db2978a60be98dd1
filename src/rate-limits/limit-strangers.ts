/** Counts requests without a valid credential; true while an address is within its limit. */
export interface StrangerLimit {
  /** Counts one and says where the address stands. */
  count(address: string): StrangerStanding;
}

/** Where an address stands in its minute. */
export interface StrangerStanding {
  readonly within: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Epoch seconds at which the minute ends. */
  readonly resetSeconds: number;
  readonly nowSeconds: number;
}

/** What the limit needs. */
export interface StrangerLimitDeps {
  /** Requests a minute. */
  readonly limit: number;
  /** Brings every spelling of an address, and all of one IPv6 network, under one name. */
  readonly groupOf: (address: string) => string;
  readonly clock: () => Date;
  /** Addresses remembered at a time; 100,000 unless said. */
  readonly rememberedAddresses?: number;
}

/** The window of strangers, seconds. */
export const strangerWindowSeconds = 60;
const REMEMBERED_ADDRESSES = 100_000;

/**
 * Opens the limit of one process. It lives in memory, because nothing a stranger sends is worth a write. Whoever asks goes
 * to the end of the line, and when too many have come the one who has been quiet the longest is forgotten: a crowd of new
 * addresses does not give a busy one a fresh start.
 */
export function limitStrangers({
  limit,
  groupOf,
  clock,
  rememberedAddresses = REMEMBERED_ADDRESSES,
}: StrangerLimitDeps): StrangerLimit {
  let windowStart = 0;
  let counts = new Map<string, number>();
  return {
    count(address) {
      const nowSeconds = Math.floor(clock().getTime() / 1000);
      const start = nowSeconds - (nowSeconds % strangerWindowSeconds);
      // Forgetting everybody once a minute keeps the memory flat without any bookkeeping.
      if (start !== windowStart) {
        windowStart = start;
        counts = new Map();
      }
      const group = groupOf(address);
      const count = (counts.get(group) ?? 0) + 1;
      counts.delete(group);
      if (counts.size >= rememberedAddresses) forgetOldest(counts);
      counts.set(group, count);
      return {
        within: count <= limit,
        limit,
        remaining: Math.max(0, limit - count),
        resetSeconds: start + strangerWindowSeconds,
        nowSeconds,
      };
    },
  };
}

/** A map keeps the order of insertion. */
function forgetOldest(counts: Map<string, number>): void {
  for (const oldest of counts.keys()) {
    counts.delete(oldest);
    return;
  }
}
