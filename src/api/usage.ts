import { z } from 'zod';
import { effectiveScopes } from '../core/effective-scopes.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { ReadBucket } from '../rate-limits/pg-bucket-use.ts';
import type { ReadScopeUse } from '../usage/pg-scope-use.ts';
import {
  defaultReportDays,
  hoursKeptDays,
  longestReportDays,
  type reportUsage,
  scopeDaysKept,
} from '../usage/report-usage.ts';
import { applicableLimit, rateLimitState, usedNow } from '../verification/rate-limit-step.ts';
import { type Measured, type MeasuredKind, type MeasuredThingsDeps, measuredThings } from './measured-things.ts';
import { type AnyRoute, route } from './route.ts';

/** What the routes of usage need. */
export interface UsageRoutesDeps extends MeasuredThingsDeps {
  readonly catalog: ScopeCatalog;
  readonly report: ReturnType<typeof reportUsage>;
  readonly readScopeUse: ReadScopeUse;
  readonly readBucket: ReadBucket;
}

const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'Must be a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31',
  })
  .optional();

/** Query members of a report: `[from, to)`, a week up to now unless said, by the `hour` or (unless said) the `day`. */
export const usageQuery = z.strictObject({
  from: moment,
  to: moment,
  interval: z.enum(['hour', 'day'], { error: 'Must be hour or day' }).default('day'),
});

const count = z.number().int().min(0);

/** What a report answers. */
export const usageAnswer = z.object({
  total: count,
  data: z.array(z.object({ at: z.iso.datetime(), allowed: count, denied: count })),
});

/** Query of the report on scopes: over how many days of UTC calls are counted, today among them. */
export const scopeUseQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(scopeDaysKept).default(30),
});

/** What the report on scopes answers: every scope that is held, and every one that was exercised and is held no more. */
export const scopeUseAnswer = z.object({
  days: count,
  data: z.array(
    z.object({ scope: z.string(), held: z.boolean(), calls: count, last_used_on: z.iso.date().nullable() }),
  ),
});

/** How far away a limit is; the numbers are null for who is not limited. */
export const headroomAnswer = z.object({
  tier: z.string(),
  limit: count.nullable(),
  remaining: count.nullable(),
  reset: z.number().int().nullable(),
  window_seconds: count.nullable(),
});

/** The routes that tell how much a key, a token, a client or a workspace was used, which scopes it exercised, and what is left of its limit. */
export function usageRoutes(deps: UsageRoutesDeps): readonly AnyRoute[] {
  return measuredThings(deps).flatMap((kind) => [
    reportRoute(deps, kind),
    scopesRoute(deps, kind),
    ...(kind.isCounted ? [headroomRoute(deps, kind)] : []),
  ]);
}

function reportRoute({ report }: UsageRoutesDeps, { path, access, noun, find }: MeasuredKind): AnyRoute {
  return route({
    method: 'GET',
    path: `${path}/usage`,
    summary: `Show the use of ${noun} in hours or days of UTC; ${defaultReportDays} days unless asked, ${longestReportDays} at most, by the hour for the last ${hoursKeptDays}`,
    access,
    query: usageQuery,
    answers: { 200: usageAnswer },
    async handle({ params, query, ...caller }) {
      const { meter } = await find(caller, params);
      const { total, data } = await report({
        meter,
        from: query.from === undefined ? null : new Date(query.from),
        to: query.to === undefined ? null : new Date(query.to),
        interval: query.interval,
      });
      return { status: 200, body: { total, data: data.map(({ at, ...sums }) => ({ at: at.toISOString(), ...sums })) } };
    },
  });
}

function scopesRoute({ catalog, readScopeUse }: UsageRoutesDeps, { path, access, noun, find }: MeasuredKind): AnyRoute {
  return route({
    method: 'GET',
    path: `${path}/usage/scopes`,
    summary: `Show which scopes ${noun} held and exercised: how often lately, and on which day last`,
    access,
    query: scopeUseQuery,
    answers: { 200: scopeUseAnswer },
    async handle({ params, query: { days }, ...caller }) {
      const { meter, limits } = await find(caller, params);
      const held = effectiveScopes(catalog, limits);
      const uses = new Map((await readScopeUse(meter, days)).map((use) => [use.scope, use]));
      const names = [...held, ...[...uses.keys()].filter((scope) => !held.includes(scope))];
      return {
        status: 200,
        body: {
          days,
          data: names.map((scope) => ({
            scope,
            held: held.includes(scope),
            calls: uses.get(scope)?.calls ?? 0,
            last_used_on: uses.get(scope)?.lastDay ?? null,
          })),
        },
      };
    },
  });
}

function headroomRoute(deps: UsageRoutesDeps, { path, access, noun, find }: MeasuredKind): AnyRoute {
  return route({
    method: 'GET',
    path: `${path}/rate-limit`,
    summary: `Show what is left of the rate limit of ${noun}, without counting`,
    access,
    answers: { 200: headroomAnswer },
    async handle({ params, ...caller }) {
      return { status: 200, body: await headroomOf(deps, await find(caller, params)) };
    },
  });
}

async function headroomOf(
  { catalog, readBucket }: UsageRoutesDeps,
  { counted, limits }: Measured,
): Promise<z.input<typeof headroomAnswer>> {
  if (counted === null) throw new Error('the limit of something that is not counted was asked for');
  const isExempt = effectiveScopes(catalog, limits).includes('ratelimit:bypass');
  const limit = isExempt ? null : applicableLimit(catalog, counted);
  const tier = counted.tier ?? counted.workspace.tier;
  if (limit === null) return { tier, limit: null, remaining: null, reset: null, window_seconds: null };
  const use = await readBucket(counted.bucket);
  const state = rateLimitState(limit, tier, usedNow(use, limit), use.nowSeconds);
  return {
    tier: state.tier,
    limit: state.limit,
    remaining: state.remaining,
    reset: state.resetSeconds,
    window_seconds: state.windowSeconds,
  };
}
