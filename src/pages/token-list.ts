import type { Middleware } from 'koa';
import type { PageParts } from './page-parts.ts';
import { type PersonPage, personPage } from './person-page.ts';
import { isPrefilled } from './prefill.ts';
import { seeOther } from './render.ts';
import { readVocabulary, showToken, tokensAnswer } from './token-answers.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['revoked', 'The token is revoked. Whatever used it is turned away from now on.'],
  ['all-revoked', 'All your tokens are revoked. Whatever used them is turned away from now on.'],
]);

/** How many of a token's permissions the list writes out; its own page has them all. */
const SHOWN_SCOPES = 3;

/** `GET /tokens`: one's own, the newest first, 50 a page. A link that fills in the form for a new one leads there. */
export function tokenList(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const { query, querystring } = page.context;
    if (isPrefilled(query)) return seeOther(page.context, `/tokens/new?${querystring}`);
    if (!page.can(MANAGE)) return showNoAccess(page);
    const now = new Date();
    const cursor = typeof query.cursor === 'string' ? query.cursor : null;
    const [{ data, next }, vocabulary] = await Promise.all([
      page.api(tokensAnswer, {
        method: 'GET',
        path: '/api/tokens',
        query: { order: 'newest', ...(cursor !== null && { cursor }) },
      }),
      readVocabulary(page),
    ]);
    const tokens = data.map((token) => {
      const shown = showToken(token, page, vocabulary, now);
      return {
        ...shown,
        scopes: shown.scopes.slice(0, SHOWN_SCOPES),
        moreScopes: Math.max(0, shown.scopes.length - SHOWN_SCOPES),
      };
    });
    const more = next === null ? null : `/tokens?cursor=${encodeURIComponent(next)}`;
    const notice = NOTICES.get(query.notice) ?? null;
    page.show('tokens', { title: TITLE, section: 'tokens' }, { tokens, more, isFirst: cursor === null, notice });
  });
}

/** Says why somebody has no tokens here, in the frame, from where they can go to another workspace. */
export function showNoAccess(page: PersonPage): void {
  page.show('tokens-none', { title: TITLE, section: 'tokens', status: 403 }, { workspace: page.workspace });
}

/** The scope that a person's own tokens need. */
export const MANAGE = 'tokens:manage';

const TITLE = 'Personal access tokens';
