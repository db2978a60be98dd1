import { z } from 'zod';
import { NotFound } from '../core/errors.ts';
import { type Key, readKey } from './key-answers.ts';
import type { PersonPage } from './person-page.ts';
import { futureTime, pastTime, type ShownTime } from './times.ts';

/** How much one of the two keys of a rotation was used. */
export interface KeyTraffic {
  readonly id: number;
  readonly name: string;
  readonly hint: string;
  readonly hour: { readonly allowed: number; readonly denied: number };
  readonly day: { readonly allowed: number; readonly denied: number };
  readonly used: ShownTime | null;
}

/** The time in which both keys of a rotation work, as a page shows it. */
export interface ShownGrace {
  readonly old: KeyTraffic;
  /** Null when the new key is gone already. */
  readonly heir: KeyTraffic | null;
  readonly began: ShownTime;
  readonly ends: ShownTime;
  readonly latest: ShownTime;
  /** The hour from which `hour` counts, such as `13:00`. */
  readonly since: string;
  /** Ends to choose from. */
  readonly choices: readonly { readonly value: string; readonly label: string; readonly until: string }[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const graceAnswer = z.object({
  id: z.number(),
  replaced_by: z.number(),
  began_at: z.string(),
  ends_at: z.string(),
  latest_end: z.string(),
});
const usageAnswer = z.object({
  data: z.array(z.object({ at: z.string(), allowed: z.number(), denied: z.number() })),
});

/** Reads the rotation that a key is part of, be it the old one or the new one; null where it is part of none. */
export async function readGrace(page: PersonPage, key: Key, now: Date): Promise<ShownGrace | null> {
  const oldId = key.state === 'replaced' ? key.id : key.replaces?.id;
  if (oldId === undefined) return null;
  const grace = await orNull(
    page.api(graceAnswer, { method: 'GET', path: '/api/keys/:id/grace', params: { id: String(oldId) } }),
  );
  if (grace === null) return null;
  const [old, heir] = await Promise.all([readTraffic(page, oldId, now), readTraffic(page, grace.replaced_by, now)]);
  if (old === null) return null;
  return {
    old,
    heir,
    began: pastTime(grace.began_at, now),
    ends: futureTime(grace.ends_at, now),
    latest: futureTime(grace.latest_end, now),
    since: `${hourBefore(now).toISOString().slice(11, 16)}`,
    choices: choicesOf(grace, now),
  };
}

async function readTraffic(page: PersonPage, id: number, now: Date): Promise<KeyTraffic | null> {
  const query = { from: new Date(now.getTime() - DAY_MS).toISOString(), to: now.toISOString(), interval: 'hour' };
  const params = { id: String(id) };
  const both = await orNull(
    Promise.all([
      readKey(page, id),
      page.api(usageAnswer, { method: 'GET', path: '/api/keys/:id/usage', params, query }),
    ]),
  );
  if (both === null) return null;
  const [key, { data }] = both;
  const since = hourBefore(now);
  return {
    id,
    name: key.name,
    hint: `${key.hint}…`,
    hour: sum(data.filter(({ at }) => new Date(at) >= since)),
    day: sum(data),
    used: key.last_used_at === null ? null : pastTime(key.last_used_at, now),
  };
}

/** Use is kept by whole hours: what is called the last hour begins with the hour before this one. */
function hourBefore(now: Date): Date {
  return new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS - HOUR_MS);
}

function sum(hours: z.output<typeof usageAnswer>['data']): KeyTraffic['hour'] {
  return hours.reduce(
    (total, { allowed, denied }) => ({ allowed: total.allowed + allowed, denied: total.denied + denied }),
    { allowed: 0, denied: 0 },
  );
}

/** Short enough for a choice on a phone. */
const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});

const CHOICES: readonly (readonly [ms: number, label: string])[] = [
  [HOUR_MS, '1 hour from now'],
  [DAY_MS, '1 day from now'],
  [3 * DAY_MS, '3 days from now'],
];

function choicesOf(
  { ends_at: end, latest_end: latest }: z.output<typeof graceAnswer>,
  now: Date,
): ShownGrace['choices'] {
  const last = new Date(latest);
  const offered = CHOICES.map(([ms, label]) => ({ at: new Date(now.getTime() + ms), label })).filter(
    ({ at }) => at < last,
  );
  const all = [...offered, { at: last, label: 'As long as possible' }].filter(({ at }) => at.toISOString() !== end);
  return all.map(({ at, label }) => ({
    value: at.toISOString(),
    label,
    until: `${MOMENT.format(at).replace(' at ', ', ')} UTC`,
  }));
}

async function orNull<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}
