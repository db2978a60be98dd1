import { counted } from './in-words.ts';

/** A moment as a page shows it: short words, and the exact time behind them. */
export interface ShownTime {
  /** ISO 8601, for the `time` element. */
  readonly iso: string;
  /** Such as `3 hours ago` or `in 12 days`. */
  readonly words: string;
  /** Such as `22 November 2026, 14:05 UTC`. */
  readonly exact: string;
}

const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

const MINUTE = 60;
const HOUR = 3600;
/** A thousandth may have passed between the choice of an end and the page that shows it. */
const ROUNDED_UP = 1.001;
const DAY_SECONDS = 86_400;
const MONTH_SECONDS = 30.4375 * DAY_SECONDS;

/** Says how long ago something was. */
export function pastTime(moment: Date | string, now: Date): ShownTime {
  const date = new Date(moment);
  const seconds = Math.max(0, (now.getTime() - date.getTime()) / 1000);
  return shown(date, seconds < MINUTE ? 'just now' : `${roughly(seconds)} ago`);
}

/** Says in how long something will be; what is over says so. */
export function futureTime(moment: Date | string, now: Date): ShownTime {
  const date = new Date(moment);
  const seconds = (date.getTime() - now.getTime()) / 1000;
  if (seconds <= 0) return shown(date, `${roughly(Math.max(MINUTE, -seconds))} ago`);
  // 90 days are not 89 because somebody read the page a second later.
  return shown(date, seconds < MINUTE ? 'in less than a minute' : `in ${roughly(seconds, ROUNDED_UP)}`);
}

/** Writes a day out, such as `22 November 2026`. */
export function dayInWords(moment: Date | string): string {
  return DAY.format(new Date(moment));
}

function shown(date: Date, words: string): ShownTime {
  return { iso: date.toISOString(), words, exact: `${EXACT.format(date).replace(' at ', ', ')} UTC` };
}

/** One unit, rounded down, as people say it: 47 hours are not two days yet. */
function roughly(seconds: number, slack = 1): string {
  const whole = (unit: number): number => Math.floor((seconds * slack) / unit);
  if (seconds < HOUR) return counted(whole(MINUTE), 'minute');
  if (seconds < 2 * DAY_SECONDS) return counted(whole(HOUR), 'hour');
  if (seconds <= 90 * DAY_SECONDS) return counted(whole(DAY_SECONDS), 'day');
  const months = whole(MONTH_SECONDS);
  return months < 24 ? counted(months, 'month') : counted(Math.floor(months / 12), 'year');
}
