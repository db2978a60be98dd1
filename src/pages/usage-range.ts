/** A time that a plot shows: so many hours or days of UTC, the present one last. */
export interface UsageRange {
  readonly name: '24h' | '7d' | '30d' | '90d';
  /** In a sentence, such as `the last 24 hours`. */
  readonly words: string;
  readonly interval: 'hour' | 'day';
  readonly intervals: number;
  /** Days of UTC that the scopes are counted over; the hours of a range may lie in two. */
  readonly days: number;
}

/** Use in one hour or day. */
export interface UsageSums {
  /** When it began. */
  readonly at: Date;
  readonly allowed: number;
  readonly denied: number;
}

/** What a person can choose from. */
export const usageRanges: readonly [UsageRange, UsageRange, UsageRange, UsageRange] = [
  { name: '24h', words: 'the last 24 hours', interval: 'hour', intervals: 24, days: 2 },
  { name: '7d', words: 'the last 7 days', interval: 'day', intervals: 7, days: 7 },
  { name: '30d', words: 'the last 30 days', interval: 'day', intervals: 30, days: 30 },
  { name: '90d', words: 'the last 90 days', interval: 'day', intervals: 90, days: 90 },
];

const LENGTH_MS = { hour: 3_600_000, day: 86_400_000 } as const;

/** Finds the range that an address names, 30 days where it names none. */
export function usageRange(name: unknown): UsageRange {
  return usageRanges.find((range) => range.name === name) ?? usageRanges[2];
}

/** When the first hour or day of a range begins. */
export function beginningOf({ interval, intervals }: UsageRange, now: Date): Date {
  const lengthMs = LENGTH_MS[interval];
  return new Date(Math.floor(now.getTime() / lengthMs) * lengthMs - (intervals - 1) * lengthMs);
}

/** Gives every hour or day of a range in its order, zeros for those without any use. */
export function everyInterval(range: UsageRange, now: Date, used: readonly UsageSums[]): readonly UsageSums[] {
  const beginning = beginningOf(range, now).getTime();
  const sums = new Map(used.map((one) => [one.at.getTime(), one]));
  return Array.from({ length: range.intervals }, (_, index) => {
    const at = beginning + index * LENGTH_MS[range.interval];
    return sums.get(at) ?? { at: new Date(at), allowed: 0, denied: 0 };
  });
}
