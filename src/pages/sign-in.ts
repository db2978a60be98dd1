import type { Context, Middleware } from 'koa';
import { InvalidInput } from '../core/errors.ts';
import { readJsonObject } from '../http/read-form.ts';
import type { User } from '../users/user.ts';
import { nextPath } from './next-path.ts';
import type { PageParts } from './page-parts.ts';
import { seeOther } from './render.ts';
import { showSignIn, trySignIn, wrongCredentials } from './sign-in-form.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['password-set', 'Your password is set. Sign in with it.'],
  ['link-gone', 'This link has been used or is too old. Ask for another one.'],
]);

/** `GET /login`: the sign-in form; somebody who is signed in goes on at once. */
export function signInPage(parts: PageParts): Middleware {
  return async (context) => {
    const next = nextPath(context.query.next);
    if ((await parts.session(context)) !== null) return seeOther(context, next);
    showSignIn(parts, context, { ...OWN, next, email: '', notice: NOTICES.get(context.query.notice) ?? null });
  };
}

/** `POST /login`: the form, or JSON from a first-party page; the content type decides. */
export function signIn(parts: PageParts): Middleware {
  const { asForm, asJson } = { asForm: formSignIn(parts), asJson: jsonSignIn(parts) };
  return (context) => (context.is('application/json') ? asJson(context) : asForm(context));
}

const OWN = { action: '/login', clientName: null, again: false, notice: null };

function formSignIn(parts: PageParts): (context: Context) => Promise<void> {
  return async (context) => {
    const form = await parts.forms.readVisitorForm(context);
    const email = form.text('email');
    const next = nextPath(form.text('next'));
    const tried = await trySignIn(parts, context, { email, password: form.text('password') });
    if (tried.outcome === 'signed_in') seeOther(context, next);
    else showSignIn(parts, context, { ...OWN, next, email }, tried);
  };
}

function jsonSignIn(parts: PageParts): (context: Context) => Promise<void> {
  return async (context) => {
    parts.forms.requireFirstParty(context);
    context.set('Cache-Control', 'no-store');
    const tried = await trySignIn(parts, context, credentialsOf(await readJsonObject(context)));
    if (tried.outcome === 'signed_in') {
      context.body = { user: presentUser(tried.user) };
    } else if (tried.outcome === 'wrong') {
      context.status = 422;
      context.body = { message: wrongCredentials, errors: { email: [wrongCredentials] } };
    } else {
      const seconds = Math.ceil(tried.retryAfterSeconds);
      context.status = 429;
      context.set('Retry-After', String(seconds));
      context.body = { message: 'Too many requests.', retry_after: seconds };
    }
  };
}

function credentialsOf(body: Readonly<Record<string, unknown>>): { email: string; password: string } {
  const { email, password } = body;
  const errors: Record<string, string[]> = {};
  if (typeof email !== 'string' || email === '') errors.email = ['The email field is required.'];
  if (typeof password !== 'string' || password === '') errors.password = ['The password field is required.'];
  if (typeof email !== 'string' || typeof password !== 'string' || Object.keys(errors).length > 0) {
    throw new InvalidInput(errors);
  }
  return { email, password };
}

function presentUser({ id, email, name, mustChangePassword, createdAt }: User): Record<string, unknown> {
  return { id, email, name, must_change_password: mustChangePassword, created_at: createdAt.toISOString() };
}
