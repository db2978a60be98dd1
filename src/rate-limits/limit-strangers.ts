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
 * Opens the limit of one process. It lives in memory, because nothing a stranger sends is worth a write. Addresses are kept
 * in two generations; whoever asks moves to the young one, and when that is half of the memory the old one is forgotten as
 * a whole. So a crowd of new addresses costs little and gives a busy one no fresh start.
 */
export function limitStrangers({
  limit,
  groupOf,
  clock,
  rememberedAddresses = REMEMBERED_ADDRESSES,
}: StrangerLimitDeps): StrangerLimit {
  let windowStart = 0;
  let young = new Map<string, number>();
  let old = new Map<string, number>();

  function remember(group: string, count: number): void {
    if (young.size >= rememberedAddresses / 2 && !young.has(group)) {
      old = young;
      young = new Map();
    }
    young.set(group, count);
  }

  return {
    count(address) {
      const nowSeconds = Math.floor(clock().getTime() / 1000);
      const start = nowSeconds - (nowSeconds % strangerWindowSeconds);
      if (start !== windowStart) {
        windowStart = start;
        young = new Map();
        old = new Map();
      }
      const group = groupOf(address);
      const count = (young.get(group) ?? old.get(group) ?? 0) + 1;
      remember(group, count);
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
