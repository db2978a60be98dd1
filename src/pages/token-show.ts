import type { Middleware } from 'koa';
import type { FieldError, PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { readToken, tokenAnswer } from './token-answers.ts';
import { nameFaults } from './token-name.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([['renamed', 'The token has its new name.']]);

/** `GET /tokens/:id`: everything about one token but its secret. */
export function tokenPage(parts: PageParts): Middleware {
  return personPage(parts, (page) => showToken(page));
}

/** `POST /tokens/:id/rename`. */
export function renameToken(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const name = form.text('name').trim();
    const faults = nameFaults(name);
    if (faults.length > 0) return showToken(page, { name, errors: faults, status: 422 });
    const params = { id: String(page.context.params.id) };
    const body = { name };
    const renamed = await page.attempt(tokenAnswer, { method: 'PATCH', path: '/api/tokens/:id', params, body });
    if (renamed.ok) return seeOther(page.context, `/tokens/${renamed.value.id}?notice=renamed`);
    const errors = renamed.errors.map(({ sentence }) => ({ field: 'name', sentence }));
    await showToken(page, { name, errors, status: renamed.status });
  });
}

interface Refused {
  readonly name: string;
  readonly errors: readonly FieldError[];
  readonly status: number;
}

async function showToken(page: PersonPage, refused: Refused | null = null): Promise<void> {
  const token = await readToken(page, new Date());
  page.show(
    'token',
    { title: token.name, section: 'tokens', width: 'wide', ...(refused !== null && { status: refused.status }) },
    {
      token,
      name: refused?.name ?? token.name,
      errors: refused?.errors ?? [],
      notice: NOTICES.get(page.context.query.notice) ?? null,
    },
  );
}
