import type { Context, Middleware } from 'koa';
import type { SignedIn } from './account-port.ts';
import { isFresh } from './fresh-sign-in.ts';
import { nextPath } from './next-path.ts';
import { type FieldError, headLine, type PageParts } from './page-parts.ts';
import { renderPage, seeOther } from './render.ts';
import { tooManyTries } from './sign-in-form.ts';

/** `GET /login/again`: asks somebody who is signed in for the password; whoever gave it lately goes on at once. */
export function signInAgainPage(parts: PageParts): Middleware {
  return async (context) => {
    const next = nextPath(context.query.next);
    const person = await parts.session(context);
    if (person === null) return signInFirst(context, next);
    if (isFresh(person)) return seeOther(context, next);
    show(parts, context, person, next, []);
  };
}

/** `POST /login/again`: the same session goes on under a new id, so that a copied cookie is worth nothing more. */
export function signInAgain(parts: PageParts): Middleware {
  return async (context) => {
    const form = await parts.forms.readSessionForm(context);
    const next = nextPath(form.text('next'));
    const person = await parts.session(context);
    if (person === null) return signInFirst(context, next);
    const password = form.text('password');
    if (password === '') return show(parts, context, person, next, [fault('Enter your password.')]);
    const { address } = parts.visitor(context);
    const confirmed = await parts.accounts.confirmPassword({ userId: person.user.id, password, address });
    if (confirmed.outcome === 'wrong') return show(parts, context, person, next, [fault('This is not your password.')]);
    if (confirmed.outcome === 'throttled') {
      context.set('Retry-After', String(Math.ceil(confirmed.retryAfterSeconds)));
      return show(parts, context, person, next, [tooManyTries('password', confirmed.retryAfterSeconds)], 429);
    }
    const renewed = await parts.accounts.reauthenticateSession(person.session.id);
    if (renewed === null) return signInFirst(context, next);
    parts.cookie.write(context, renewed.cookieValue);
    seeOther(context, next);
  };
}

/** A sign-in is as fresh as can be. */
function signInFirst(context: Context, next: string): void {
  seeOther(context, `/login?next=${encodeURIComponent(next)}`);
}

function fault(sentence: string): FieldError {
  return { field: 'password', sentence };
}

function show(
  parts: PageParts,
  context: Context,
  person: SignedIn,
  next: string,
  errors: readonly FieldError[],
  status = errors.length > 0 ? 422 : 200,
): void {
  renderPage(
    context,
    'sign-in-again',
    { title: 'Enter your password again', status, signedIn: headLine(parts, context, person) },
    { next, errors, email: person.user.email, csrf: parts.forms.sessionToken(context) },
  );
}
