import type { FieldError } from './page-parts.ts';
import { dayInWords } from './times.ts';

/** One choice of when a credential ends. */
export interface ExpiryChoice {
  /** What the form sends: a number of days, `custom` or `never`. */
  readonly value: string;
  /** Such as `30 days`. */
  readonly label: string;
  /** The date written out, such as `22 December 2026`; null where there is none to write. */
  readonly until: string | null;
  readonly chosen: boolean;
}

const DAYS: readonly (readonly [days: number, label: string])[] = [
  [7, '7 days'],
  [30, '30 days'],
  [90, '90 days'],
  [365, 'One year'],
];
const DAY_MS = 86_400_000;

/** Offers the ends that a person can choose, each with its date; `chosen` is what the form has now, 90 days at first. */
export function expiryChoices(now: Date, chosen = '90'): readonly ExpiryChoice[] {
  const dated = DAYS.map(([days, label]) => ({
    value: String(days),
    label,
    until: dayInWords(new Date(now.getTime() + days * DAY_MS)),
  }));
  const others = [
    { value: 'custom', label: 'On a day of your choice', until: null },
    { value: 'never', label: 'Never: it works until somebody ends it', until: null },
  ];
  const known = [...dated, ...others];
  const selected = known.some(({ value }) => value === chosen) ? chosen : '90';
  return known.map((choice) => ({ ...choice, chosen: choice.value === selected }));
}

/** What a form says about the end: an ISO time, null for never, or what is wrong with it. */
export type ReadExpiry = { readonly expiresAt: string | null } | { readonly error: FieldError };

/** Reads `expiry` and, for a day of one's own, `expiry_day` (`2026-12-31`, its last second in UTC). */
export function readExpiry(form: { text(name: string): string }, now: Date): ReadExpiry {
  const choice = form.text('expiry');
  if (choice === 'never') return { expiresAt: null };
  if (choice === 'custom') return readDay(form.text('expiry_day'), now);
  const days = DAYS.find(([value]) => String(value) === choice)?.[0];
  if (days === undefined) return { error: { field: 'expiry', sentence: 'Choose when it ends.' } };
  return { expiresAt: new Date(now.getTime() + days * DAY_MS).toISOString() };
}

function readDay(day: string, now: Date): ReadExpiry {
  const end = /^\d{4}-\d{2}-\d{2}$/.test(day) ? new Date(`${day}T23:59:59Z`) : null;
  if (end === null || Number.isNaN(end.getTime()) || !end.toISOString().startsWith(day)) {
    return { error: { field: 'expiry_day', sentence: 'Write the day like 2026-12-31.' } };
  }
  if (end <= now) return { error: { field: 'expiry_day', sentence: 'Choose a day that is not over.' } };
  return { expiresAt: end.toISOString() };
}
