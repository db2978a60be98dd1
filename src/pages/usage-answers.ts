import { z } from 'zod';
import { type LeastPrivilege, leastPrivilege } from './least-privilege.ts';
import type { PersonPage } from './person-page.ts';
import { beginningOf, everyInterval, type UsageRange, type UsageSums } from './usage-range.ts';
import type { UsedKind, UsedThing } from './usage-things.ts';

const usageAnswer = z.object({
  data: z.array(z.object({ at: z.string(), allowed: z.number(), denied: z.number() })),
});

const scopesAnswer = z.object({
  data: z.array(
    z.object({ scope: z.string(), held: z.boolean(), calls: z.number(), last_used_on: z.string().nullable() }),
  ),
});

const headroomAnswer = z.object({
  tier: z.string(),
  limit: z.number().nullable(),
  remaining: z.number().nullable(),
  reset: z.number().nullable(),
  window_seconds: z.number().nullable(),
});

/** A scope, and how it was exercised. */
export type ScopeUse = z.output<typeof scopesAnswer>['data'][number];

/** What is left of a limit. */
export type Headroom = z.output<typeof headroomAnswer>;

/** Reads the use of something: every hour or day of a range. */
export async function readUsage(
  page: PersonPage,
  { path, parameter }: UsedKind,
  id: string,
  range: UsageRange,
  now: Date,
): Promise<readonly UsageSums[]> {
  const { data } = await page.api(usageAnswer, {
    method: 'GET',
    path: `/api${path}/usage`,
    params: { [parameter]: id },
    query: { from: beginningOf(range, now).toISOString(), interval: range.interval },
  });
  return everyInterval(
    range,
    now,
    data.map(({ at, ...sums }) => ({ at: new Date(at), ...sums })),
  );
}

/** Reads the scopes that something holds or has exercised; calls are those of the last `days` days. */
export async function readScopeUse(
  page: PersonPage,
  { path, parameter }: UsedKind,
  id: string,
  days: number,
): Promise<readonly ScopeUse[]> {
  const { data } = await page.api(scopesAnswer, {
    method: 'GET',
    path: `/api${path}/usage/scopes`,
    params: { [parameter]: id },
    query: { days: String(days) },
  });
  return data;
}

/** Reads how far away the limit of something is; null where it has none of its own. */
export async function readHeadroom(
  page: PersonPage,
  { path, parameter, isLimited }: UsedKind,
  id: string,
): Promise<Headroom | null> {
  if (!isLimited) return null;
  return page.api(headroomAnswer, { method: 'GET', path: `/api${path}/rate-limit`, params: { [parameter]: id } });
}

/** Says what a thing could do without, by what it exercised; null where nothing is granted to it. */
export function hintFor(
  { granted }: UsedThing,
  uses: readonly ScopeUse[],
  days: number,
  now: Date,
): LeastPrivilege | null {
  if (granted === null) return null;
  const exercised = uses.map(({ scope, held, last_used_on: lastUsedOn }) => ({ scope, held, lastUsedOn }));
  return leastPrivilege({ granted, exercised, days, now });
}

const WINDOWS = [30, 90] as const;

/** Days that an address names for what was not used lately; 30 unless it names the other. */
export function unusedDays(name: unknown): (typeof WINDOWS)[number] {
  return WINDOWS.find((days) => String(days) === name) ?? 30;
}
