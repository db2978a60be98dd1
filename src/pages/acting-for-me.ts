import type { Middleware } from 'koa';
import { z } from 'zod';
import { LatchkeyError } from '../core/errors.ts';
import { nameOfWorkspace, readApps, readWords } from './app-pages.ts';
import { browserInWords } from './browser-in-words.ts';
import type { PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { futureTime, pastTime, type ShownTime } from './times.ts';
import { showToken, tokensAnswer } from './token-answers.ts';

const PATH = '/account/access';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['ended', 'That browser is signed out.'],
  ['others-ended', 'You are signed out everywhere but here.'],
]);

/** So many of each kind; what there is more of is one link away. */
const SHOWN = 20;

const sessionsAnswer = z.object({
  data: z.array(
    z.object({
      id: z.number(),
      current: z.boolean(),
      address: z.string(),
      user_agent: z.string(),
      last_seen_at: z.string(),
      created_at: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

const keysAnswer = z.object({
  data: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      workspace_id: z.number(),
      environment: z.enum(['live', 'test']),
      hint: z.string(),
      created_at: z.string(),
      expires_at: z.string().nullable(),
      last_used_at: z.string().nullable(),
    }),
  ),
  next: z.string().nullable(),
});

/** A browser that a person is signed in at. */
interface ShownSession {
  readonly id: number;
  readonly current: boolean;
  readonly browser: string;
  readonly address: string;
  readonly seen: ShownTime;
  readonly since: ShownTime;
}

/** A part of the page; null where the workspace is suspended or the role does not let the person see it. */
type Part<Items> = Promise<Items | null>;

/** `GET /account/access`: everything that can act for the person, each with what ends it. */
export function actingForMePage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const now = new Date();
    const [sessions, apps, tokens, keys] = await Promise.all([
      readSessions(page, now),
      unlessRefused(readApps(page, { limit: SHOWN })),
      unlessRefused(readTokens(page, now)),
      readMadeKeys(page, now),
    ]);
    const notice = NOTICES.get(page.context.query.notice) ?? null;
    const model = { sessions, apps, tokens, keys, notice, mayManageKeys: page.can('keys:manage') };
    page.show('access', { title: 'What can act for me', section: 'account' }, model);
  });
}

/** `POST /account/sessions/:id/end`. */
export function endSession(parts: PageParts): Middleware {
  return personForm(parts, async (page) => {
    const params = { id: String(page.context.params.id) };
    await page.api(noAnswer, { method: 'DELETE', path: '/api/sessions/:id', params });
    seeOther(page.context, `${PATH}?notice=ended`);
  });
}

/** `POST /account/sessions/end-others`. */
export function endOtherSessions(parts: PageParts): Middleware {
  return personForm(parts, async (page) => {
    await page.api(noAnswer, { method: 'DELETE', path: '/api/sessions' });
    seeOther(page.context, `${PATH}?notice=others-ended`);
  });
}

async function readSessions(
  page: PersonPage,
  now: Date,
): Promise<{ readonly list: readonly ShownSession[]; readonly more: string | null }> {
  const ask = { method: 'GET', path: '/api/sessions', query: pageQuery(page, 'sessions') } as const;
  const { data, next } = await page.api(sessionsAnswer, ask);
  const list = data.map((session) => ({
    id: session.id,
    current: session.current,
    browser: browserInWords(session.user_agent),
    address: session.address,
    seen: pastTime(session.last_seen_at, now),
    since: pastTime(session.created_at, now),
  }));
  // The one that asks is the one that people look for.
  return {
    list: list.sort((left, right) => Number(right.current) - Number(left.current)),
    more: moreOf('sessions', next),
  };
}

async function readTokens(
  page: PersonPage,
  now: Date,
): Promise<{ readonly list: readonly ReturnType<typeof showToken>[]; readonly hasMore: boolean }> {
  const query = { limit: String(SHOWN), order: 'newest' };
  const [{ data, next }, words] = await Promise.all([
    page.api(tokensAnswer, { method: 'GET', path: '/api/tokens', query }),
    readWords(page),
  ]);
  return { list: data.map((token) => showToken(token, page, words, now)), hasMore: next !== null };
}

async function readMadeKeys(page: PersonPage, now: Date): Promise<object> {
  const ask = { method: 'GET', path: '/api/me/keys', query: pageQuery(page, 'keys') } as const;
  const { data, next } = await page.api(keysAnswer, ask);
  const list = data.map((key) => ({
    id: key.id,
    name: key.name,
    environment: key.environment,
    workspace: nameOfWorkspace(page, key.workspace_id),
    created: pastTime(key.created_at, now),
    used: key.last_used_at === null ? null : pastTime(key.last_used_at, now),
    expires: key.expires_at === null ? null : futureTime(key.expires_at, now),
  }));
  return { list, more: moreOf('keys', next) };
}

/** The page of one of the lists; the others begin at their beginning. */
function pageQuery({ context }: PersonPage, name: string): Readonly<Record<string, string>> {
  const cursor = context.query[name];
  return { limit: String(SHOWN), ...(typeof cursor === 'string' && cursor !== '' && { cursor }) };
}

function moreOf(name: string, next: string | null): string | null {
  return next === null ? null : `${PATH}?${name}=${encodeURIComponent(next)}#${name}`;
}

async function unlessRefused<Items>(asked: Promise<Items>): Part<Items> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof LatchkeyError && error.status === 403) return null;
    throw error;
  }
}
