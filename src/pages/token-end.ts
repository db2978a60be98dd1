import type { Middleware } from 'koa';
import type { FieldError, PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { readToken } from './token-answers.ts';

/** `GET /tokens/:id/revoke`: says what is about to end. */
export function revokeTokenPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const token = await readToken(page, new Date());
    page.show('token-revoke', { title: 'Revoke this token?', section: 'tokens', width: 'wide' }, { token });
  });
}

/** `POST /tokens/:id/revoke`. */
export function revokeToken(parts: PageParts): Middleware {
  return personForm(parts, async (page) => {
    const params = { id: String(page.context.params.id) };
    await page.api(noAnswer, { method: 'DELETE', path: '/api/tokens/:id', params });
    seeOther(page.context, '/tokens?notice=revoked');
  });
}

/** `GET /tokens/revoke-all`: asks for the password first. */
export function revokeAllPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => showRevokeAll(page, []));
}

/** `POST /tokens/revoke-all`. */
export function revokeAll(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const password = form.text('password');
    if (password === '') return showRevokeAll(page, [{ field: 'password', sentence: 'Enter your password.' }]);
    const ended = await page.attempt(noAnswer, { method: 'DELETE', path: '/api/tokens', body: { password } });
    if (ended.ok) return seeOther(page.context, '/tokens?notice=all-revoked');
    // There is one field, so whatever is wrong belongs beside it.
    const errors = ended.errors.map(({ sentence }) => ({ field: 'password', sentence }));
    showRevokeAll(page, errors, ended.status);
  });
}

function showRevokeAll(page: PersonPage, errors: readonly FieldError[], status = errors.length > 0 ? 422 : 200): void {
  page.show(
    'tokens-revoke-all',
    { title: 'Revoke all your tokens?', section: 'tokens', width: 'narrow', status },
    { errors, email: page.person.user.email },
  );
}
