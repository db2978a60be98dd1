/** A length of time by the calendar (ISO 8601); a year or month is as long as the calendar makes it. */
export interface Duration {
  readonly years: number;
  readonly months: number;
  readonly weeks: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

/** Reads an ISO 8601 duration of whole units such as `P1Y`, `P2W`, `P1DT12H` or `PT5M`.
 *
 * Null for anything else: fractions, signs, lower case, `P`, `PT`, and whatever exceeds a thousand years. */
export function parseDuration(text: string): Duration | null {
  const match = durationPattern.exec(text);
  if (match === null) return null;
  const unit = (group: number): number => Number(match[group] ?? 0);
  const duration: Duration = {
    years: unit(1),
    months: unit(2),
    weeks: unit(3),
    days: unit(4),
    hours: unit(5),
    minutes: unit(6),
    seconds: unit(7),
  };
  return durationSeconds(duration) > maximumSeconds ? null : duration;
}

/** Adds a duration to a moment by the UTC calendar: a month from 31 January is the last day of February. */
export function addDuration(moment: Date, duration: Duration): Date {
  const result = new Date(moment);
  const day = result.getUTCDate();
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + duration.years * 12 + duration.months);
  const lastDay = new Date(Date.UTC(result.getUTCFullYear(), result.getUTCMonth() + 1, 0)).getUTCDate();
  result.setUTCDate(Math.min(day, lastDay) + duration.weeks * 7 + duration.days);
  const restSeconds = duration.hours * 3600 + duration.minutes * 60 + duration.seconds;
  return new Date(result.getTime() + restSeconds * 1000);
}

/** Gives the length in seconds with years of 365 and months of 30 days, for comparing with a limit. */
export function durationSeconds(duration: Duration): number {
  const days = duration.years * 365 + duration.months * 30 + duration.weeks * 7 + duration.days;
  return days * 86_400 + duration.hours * 3600 + duration.minutes * 60 + duration.seconds;
}

// The two look-aheads refuse `P` and `T` with nothing behind them; `$` has no `m` flag and so allows no line feed.
const durationPattern =
  /^P(?=[\dT])(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/;

const maximumSeconds = 1000 * 365 * 86_400;
