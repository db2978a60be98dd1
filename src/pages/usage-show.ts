import type { Middleware } from 'koa';
import { durationInWords } from './in-words.ts';
import type { LeastPrivilege } from './least-privilege.ts';
import type { PageParts } from './page-parts.ts';
import { personPage } from './person-page.ts';
import { scopesInWords, type Vocabulary } from './scope-choices.ts';
import { dayInWords, futureTime, pastTime, type ShownTime } from './times.ts';
import { readVocabulary } from './token-answers.ts';
import { curlLine } from './try-it.ts';
import {
  type Headroom,
  hintFor,
  readHeadroom,
  readScopeUse,
  readUsage,
  type ScopeUse,
  unusedDays,
} from './usage-answers.ts';
import { type UsageRange, type UsageSums, usageRange, usageRanges } from './usage-range.ts';
import { hrefOf, type UsedKind, type UsedThing, usedId } from './usage-things.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['narrowed', 'Narrowed. It keeps what it used, and nothing else, from its next call on.'],
]);
const NUMBER = new Intl.NumberFormat('en-GB');
const MOST_SCOPES = 10;
const DAY_MS = 86_400_000;

/** Builds the page of the use of one thing: how much over time, which scopes, and how far away its limit is. */
export function usagePage(parts: PageParts, kind: UsedKind): Middleware {
  return personPage(parts, async (page) => {
    const now = new Date();
    const id = usedId(page, kind);
    const range = usageRange(page.context.query.range);
    const days = unusedDays(page.context.query.unused);
    const thing = await kind.read(page, id);
    const [sums, uses, headroom, vocabulary] = await Promise.all([
      readUsage(page, kind, id, range, now),
      readScopeUse(page, kind, id, range.days),
      readHeadroom(page, kind, id),
      readVocabulary(page),
    ]);
    const hint = hintFor(thing, uses, days, now);
    const isEver =
      uses.some(({ last_used_on: on }) => on !== null) || sums.some(({ allowed, denied }) => allowed + denied > 0);
    page.show(
      'usage',
      { title: `Use of ${thing.name}`, section: kind.section },
      {
        thing,
        kind,
        href: hrefOf(kind, id),
        notice: NOTICES.get(page.context.query.notice) ?? null,
        ranges: usageRanges.map((one) => ({ ...one, isChosen: one === range, href: link(one, days) })),
        range,
        ...(await pictureOf(range, sums, thing)),
        curl: isEver ? null : firstCall(parts, vocabulary, thing),
        scopes: topScopes(vocabulary, uses),
        scopesSince: range.interval === 'hour' ? 'today and yesterday' : `in ${range.words}`,
        headroom: headroom && headroomInWords(headroom, now),
        hint: hint && { ...inWords(vocabulary, hint), days, young: madeLately(thing, days, now) },
        otherDays: days === 30 ? 90 : 30,
        otherHref: `?range=${range.name}&unused=${days === 30 ? 90 : 30}#unused`,
      },
    );
  });
}

/** The library that scales the plot is loaded with the first one: a server that nobody looks at does without. */
async function pictureOf(range: UsageRange, sums: readonly UsageSums[], thing: UsedThing): Promise<object> {
  const { usagePlot, intervalInWords } = await import('./usage-plot.ts');
  const allowed = sums.reduce((total, one) => total + one.allowed, 0);
  const denied = sums.reduce((total, one) => total + one.denied, 0);
  return {
    plot: allowed + denied === 0 ? null : usagePlot(range, sums, thing.name),
    rows: sums.map((one) => ({
      at: intervalInWords(range, one.at),
      allowed: NUMBER.format(one.allowed),
      denied: NUMBER.format(one.denied),
    })),
    totals: { all: NUMBER.format(allowed + denied), allowed: NUMBER.format(allowed), denied: NUMBER.format(denied) },
  };
}

function link(to: UsageRange, days: number): string {
  return `?range=${to.name}${days === 30 ? '' : `&unused=${days}`}`;
}

function topScopes(vocabulary: Vocabulary, uses: readonly ScopeUse[]): readonly object[] {
  return uses
    .filter(({ calls }) => calls > 0)
    .sort((left, right) => right.calls - left.calls)
    .slice(0, MOST_SCOPES)
    .map(({ scope, calls, held, last_used_on: on }) => ({
      ...scopesInWords(vocabulary, [scope])[0],
      calls: NUMBER.format(calls),
      held,
      last: on === null ? '' : dayInWords(on),
    }));
}

function inWords(vocabulary: Vocabulary, { unused, used, narrower }: LeastPrivilege): object {
  return {
    unused: scopesInWords(vocabulary, unused),
    used: used.length,
    isNarrowable: narrower !== null,
  };
}

/** When a thing was made, where it has not been there for as long as one looks back: what it did not use may yet be needed. */
function madeLately({ createdAt }: UsedThing, days: number, now: Date): ShownTime | null {
  const isYoung = createdAt !== null && now.getTime() - createdAt.getTime() < days * DAY_MS;
  return isYoung ? pastTime(createdAt, now) : null;
}

function headroomInWords({ tier, limit, remaining, reset, window_seconds: window }: Headroom, now: Date): object {
  if (limit === null || remaining === null || reset === null || window === null) return { tier, limit: null };
  return {
    tier,
    limit,
    used: limit - remaining,
    sentence: `${NUMBER.format(remaining)} of ${NUMBER.format(limit)} calls left in this ${durationInWords(window).replace(/^1 /, '')}.`,
    reset: futureTime(new Date(reset * 1000), now),
  };
}

function firstCall(parts: PageParts, vocabulary: Vocabulary, { hint, granted }: UsedThing): string | null {
  return hint === null ? null : curlLine(parts, vocabulary, { secret: hint, scopes: granted ?? [] });
}
