import type { Clock } from '../core/clock.ts';
import { InvalidInput } from '../core/errors.ts';

/** By what a report is divided: hours or days of UTC. */
export type UsageInterval = 'hour' | 'day';

/** Use is kept by the hour for so many days, and by the day after that. */
export const hoursKeptDays = 90;
/** How often a scope was exercised is kept, by the day, for so many days, today among them. */
export const scopeDaysKept = 90;
/** A report without bounds is of so many days up to now. */
export const defaultReportDays = 7;
/** The longest report, days: as long as use is kept. */
export const longestReportDays = 731;

/** What a report is of; a bound that is null has its default: now, and a week before the end. */
export interface UsageQuestion {
  /** What the use is recorded under, such as `credential:12`. */
  readonly meter: string;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly interval: UsageInterval;
}

/** Use in one hour or day. */
export interface UsageOfInterval {
  /** When it began. */
  readonly at: Date;
  readonly allowed: number;
  readonly denied: number;
}

/** Use over time: only the hours or days that saw any, in their order, and the sum of all of them. */
export interface UsageReport {
  readonly total: number;
  readonly data: readonly UsageOfInterval[];
}

/** Reads the use of a meter in `[from, to)`, both on the boundary of an interval. */
export type ReadUsage = (range: {
  readonly meter: string;
  readonly from: Date;
  readonly to: Date;
  readonly interval: UsageInterval;
}) => Promise<readonly UsageOfInterval[]>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const INTERVAL_MS = { hour: HOUR_MS, day: DAY_MS } as const;

/** Builds the report: every hour or day that the asked time touches, whole. Throws `InvalidInput` for bounds that make no sense. */
export function reportUsage(deps: {
  readonly read: ReadUsage;
  readonly clock: Clock;
}): (question: UsageQuestion) => Promise<UsageReport> {
  return async ({ meter, interval, ...asked }) => {
    const now = deps.clock().getTime();
    const to = asked.to?.getTime() ?? now;
    const from = asked.from?.getTime() ?? to - defaultReportDays * DAY_MS;
    refuseStrangeBounds(from, to, interval, now);
    const lengthMs = INTERVAL_MS[interval];
    const data = await deps.read({
      meter,
      interval,
      from: new Date(Math.floor(from / lengthMs) * lengthMs),
      to: new Date(Math.ceil(to / lengthMs) * lengthMs),
    });
    return { total: data.reduce((sum, { allowed, denied }) => sum + allowed + denied, 0), data };
  };
}

function refuseStrangeBounds(from: number, to: number, interval: UsageInterval, now: number): void {
  if (from >= to) throw new InvalidInput({ from: ['Must be before the end, which is now unless to says otherwise.'] });
  if (to - from > longestReportDays * DAY_MS) {
    throw new InvalidInput({ from: [`A report is of ${longestReportDays} days at most.`] });
  }
  if (interval === 'hour' && from < now - hoursKeptDays * DAY_MS) {
    throw new InvalidInput({
      from: [`Use is kept by the hour for ${hoursKeptDays} days: ask with interval=day for what was before.`],
    });
  }
}
