import type { Middleware } from 'koa';
import { z } from 'zod';
import type { FieldError, PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['name', 'Your name is changed.'],
  ['email', 'Your e-mail address is changed. Sign in with the new one from now on.'],
  ['no-such-workspace', 'You can not work in that workspace any more. You are where you were.'],
]);

/** What was typed into the forms that are refused. */
interface Typed {
  readonly name?: string;
  readonly email?: string;
}

/** `GET /account`: name, e-mail address and password of the person. */
export function accountPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => show(page));
}

/** `POST /account/name`. */
export function changeName(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const name = form.text('name');
    const changed = await page.attempt(z.unknown(), { method: 'PATCH', path: '/api/me', body: { name } });
    if (changed.ok) seeOther(page.context, '/account?notice=name');
    else show(page, { name }, changed.errors, changed.status);
  });
}

/** `POST /account/email`: needs the present password. */
export function changeEmail(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const email = form.text('email');
    const body = { email, current_password: form.text('current_password') };
    if (email.trim() === '')
      return show(page, { email }, [{ field: 'email', sentence: 'Enter an e-mail address.' }], 422);
    const changed = await page.attempt(z.unknown(), { method: 'PATCH', path: '/api/me', body });
    if (changed.ok) seeOther(page.context, '/account?notice=email');
    else show(page, { email }, changed.errors.map(besidePassword), changed.status);
  });
}

/** Too many tries are tries at the password. */
function besidePassword({ field, sentence }: FieldError): FieldError {
  return { field: field === 'form' ? 'current_password' : field, sentence };
}

function show(page: PersonPage, typed: Typed = {}, errors: readonly FieldError[] = [], status = 200): void {
  const { user } = page.person;
  page.show(
    'account',
    { title: 'Account', section: 'account', status },
    {
      user,
      name: typed.name ?? user.name,
      email: typed.email ?? user.email,
      errors,
      workspace: page.workspace,
      notice: errors.length > 0 ? null : (NOTICES.get(page.context.query.notice) ?? null),
    },
  );
}
