import type { Context, Middleware } from 'koa';
import type { FieldError, PageParts } from './page-parts.ts';
import { renderPage, seeOther } from './render.ts';
import { tooManyTries } from './sign-in-form.ts';

/** `GET /forgot-password`: asks for the address, or says that a link is on its way. */
export function forgotPasswordPage(parts: PageParts): Middleware {
  return (context) => {
    if (context.query.sent === '1') renderPage(context, 'link-sent', { title: 'Look for a link' });
    else show(parts, context, '', []);
  };
}

/** `POST /forgot-password`: the answer is the same whether there is such an account or not. */
export function forgotPassword(parts: PageParts): Middleware {
  return async (context) => {
    const form = await parts.forms.readVisitorForm(context);
    const email = form.text('email');
    if (email.trim() === '') {
      return show(parts, context, '', [{ field: 'email', sentence: 'Enter your e-mail address.' }]);
    }
    const result = await parts.accounts.requestPasswordLink({ email, address: parts.visitor(context).address });
    if (result.outcome === 'accepted') return seeOther(context, '/forgot-password?sent=1');
    context.set('Retry-After', String(Math.ceil(result.retryAfterSeconds)));
    show(parts, context, email, [tooManyTries('email', result.retryAfterSeconds)], 429);
  };
}

function show(
  parts: PageParts,
  context: Context,
  email: string,
  errors: readonly FieldError[],
  status = errors.length > 0 ? 422 : 200,
): void {
  renderPage(
    context,
    'forgot-password',
    { title: 'Forgotten password', status },
    { email, errors, csrf: parts.forms.visitorToken(context) },
  );
}
