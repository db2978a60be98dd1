import type { Context, Middleware } from 'koa';
import type { SignedIn } from './account-port.ts';
import { type FieldError, headLine, type PageParts } from './page-parts.ts';
import { newPasswordFaults, unacceptable } from './password-rules.ts';
import { renderPage, seeOther } from './render.ts';
import { tooManyTries } from './sign-in-form.ts';

const SIGN_IN_FIRST = '/login?next=%2Fchange-password';

/** `GET /change-password`. */
export function changePasswordPage(parts: PageParts): Middleware {
  return async (context) => {
    const signedIn = await parts.session(context);
    if (signedIn === null) seeOther(context, SIGN_IN_FIRST);
    else show(parts, context, signedIn, []);
  };
}

/** `POST /change-password`: needs the current password; ends the person's other sessions. */
export function changePassword(parts: PageParts): Middleware {
  return async (context) => {
    const signedIn = await parts.session(context);
    if (signedIn === null) return seeOther(context, SIGN_IN_FIRST);
    const form = await parts.forms.readSessionForm(context);
    const faults = newPasswordFaults(form);
    if (faults.length > 0) return show(parts, context, signedIn, faults);
    const outcome = await parts.accounts.changePassword({
      ...parts.visitor(context),
      signedIn,
      currentPassword: form.text('current_password'),
      password: form.text('password'),
    });
    switch (outcome.kind) {
      case 'changed':
        return seeOther(context, '/?notice=password-changed');
      case 'unacceptable':
        return show(parts, context, signedIn, unacceptable(outcome.sentences));
      case 'wrong-password':
        return show(parts, context, signedIn, [
          { field: 'current_password', sentence: 'This is not your current password.' },
        ]);
      case 'throttled':
        context.set('Retry-After', String(Math.ceil(outcome.retryAfterSeconds)));
        return show(parts, context, signedIn, [tooManyTries('current_password', outcome.retryAfterSeconds)], 429);
    }
  };
}

function show(
  parts: PageParts,
  context: Context,
  signedIn: SignedIn,
  errors: readonly FieldError[],
  status = errors.length > 0 ? 422 : 200,
): void {
  renderPage(
    context,
    'change-password',
    { title: 'Change your password', status, signedIn: headLine(parts, context, signedIn) },
    {
      errors,
      email: signedIn.user.email,
      csrf: parts.forms.sessionToken(context),
      generated: signedIn.user.mustChangePassword,
    },
  );
}
