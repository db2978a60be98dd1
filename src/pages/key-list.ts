import type { Middleware } from 'koa';
import { type AttentionReason, attentionReasons } from '../credentials/key-attention.ts';
import { keyPage } from './key-access.ts';
import { keysAnswer, readSurroundings, showKey } from './key-answers.ts';
import { headingOf, readAttention, remedyDay } from './key-attention-panel.ts';
import type { PageParts } from './page-parts.ts';
import { isPrefilled } from './prefill.ts';
import { seeOther } from './render.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['deleted', 'The key is deleted. Whatever used it is turned away from now on.'],
  ['end-set', 'The key has an end now.'],
]);

/** How many of a key's permissions the list writes out; its own page has them all. */
const SHOWN_SCOPES = 2;

/** `GET /keys`: those of the session's workspace, the newest first, 50 a page, and what is worth a look among all of them. */
export function keyList(parts: PageParts): Middleware {
  return keyPage(parts, async (page) => {
    const { query, querystring } = page.context;
    if (isPrefilled(query)) return seeOther(page.context, `/keys/new?${querystring}`);
    const now = new Date();
    const cursor = typeof query.cursor === 'string' ? query.cursor : null;
    const reason = attentionReasons.find((one) => one === query.attention) ?? null;
    const isFirst = cursor === null;
    const surroundings = readSurroundings(page, now);
    const [{ data, next }, known, attention] = await Promise.all([
      page.api(keysAnswer, {
        method: 'GET',
        path: '/api/keys',
        query: { order: 'newest', ...(cursor !== null && { cursor }), ...(reason !== null && { attention: reason }) },
      }),
      surroundings,
      isFirst && reason === null ? readAttention(page, surroundings) : [],
    ]);
    const keys = data.map((key) => {
      const shown = showKey(key, known);
      const moreScopes = Math.max(0, shown.scopes.length - SHOWN_SCOPES);
      return { ...shown, scopes: shown.scopes.slice(0, SHOWN_SCOPES), moreScopes };
    });
    const heading = reason === null ? 'API keys' : headingOf(reason);
    page.show(
      'keys',
      { title: heading, section: 'keys' },
      {
        heading,
        keys,
        reason,
        attention,
        isFirst,
        remedyDay: remedyDay(now),
        more: next === null ? null : listPath(reason, { cursor: next }),
        start: listPath(reason),
        workspace: page.workspace,
        notice: NOTICES.get(query.notice) ?? null,
      },
    );
  });
}

/** The address of the list, with one reason only where it is named. */
export function listPath(reason: AttentionReason | null, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ ...(reason !== null && { attention: reason }), ...more }).toString();
  return query === '' ? '/keys' : `/keys?${query}`;
}
