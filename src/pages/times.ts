import { durationInWords } from './in-words.ts';

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
const DAY_SECONDS = 86_400;

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
  return shown(date, seconds < MINUTE ? 'in less than a minute' : `in ${roughly(seconds)}`);
}

/** Writes a day out, such as `22 November 2026`. */
export function dayInWords(moment: Date | string): string {
  return DAY.format(new Date(moment));
}

function shown(date: Date, words: string): ShownTime {
  return { iso: date.toISOString(), words, exact: `${EXACT.format(date).replace(' at ', ', ')} UTC` };
}

/** One unit, rounded down, as people say it: 23 hours are not a day yet, and 59 days are 59 days. */
function roughly(seconds: number): string {
  const [size, longest] = [
    [MINUTE, HOUR],
    [HOUR, 2 * DAY_SECONDS],
    [DAY_SECONDS, 90 * DAY_SECONDS],
  ].find(([, end = 0]) => seconds < end) ?? [0, 0];
  if (size !== undefined && longest !== 0) return durationInWords(Math.floor(seconds / size) * size, size);
  const months = Math.floor(seconds / (30.4375 * DAY_SECONDS));
  if (months < 24) return `${months} months`;
  return `${Math.floor(months / 12)} years`;
}
