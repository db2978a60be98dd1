import type { Context, Middleware } from 'koa';
import { renderErrorPage } from './error-pages.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { newPasswordFaults, unacceptable } from './password-rules.ts';
import { renderPage, seeOther } from './render.ts';

/** `GET /set-password/:token`: asks for a password and leaves the link good, since mail programs open links too. */
export function setPasswordPage(parts: PageParts): Middleware {
  return (context) => show(parts, context, []);
}

/** `POST /set-password/:token`: uses the link up. */
export function setPassword(parts: PageParts): Middleware {
  return async (context) => {
    const form = await parts.forms.readVisitorForm(context);
    const faults = newPasswordFaults(form);
    if (faults.length > 0) return show(parts, context, faults);
    const token: string = context.params.token;
    const result = await parts.accounts.useOneTimeLink({ token, password: form.text('password') });
    if (result.outcome === 'gone') return showGone(context);
    if (result.outcome === 'refused') return show(parts, context, unacceptable(result.reasons));
    // Whoever was signed in here is not anymore: setting a password ends the sessions.
    parts.cookie.clear(context);
    seeOther(context, '/login?notice=password-set');
  };
}

async function show(parts: PageParts, context: Context, errors: readonly FieldError[]): Promise<void> {
  const token: string = context.params.token;
  const link = await parts.accounts.peekOneTimeLink(token);
  if (link.outcome === 'gone') return showGone(context);
  renderPage(
    context,
    'set-password',
    { title: 'Set your password', status: errors.length > 0 ? 422 : 200 },
    {
      purpose: link.purpose,
      email: link.user.email,
      errors,
      action: `/set-password/${token}`,
      csrf: parts.forms.visitorToken(context),
    },
  );
}

function showGone(context: Context): void {
  renderErrorPage(context, {
    status: 410,
    title: 'This link no longer works',
    message: 'It has been used, or is older than one hour.',
    way: { href: '/forgot-password', label: 'Ask for another link' },
  });
}
