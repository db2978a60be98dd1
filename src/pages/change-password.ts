import type { Context, Middleware } from 'koa';
import type { ChangePasswordResult } from '../users/change-password.ts';
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
    const { user, session } = signedIn;
    const result = await parts.accounts.changePassword({
      userId: user.id,
      currentPassword: form.text('current_password'),
      newPassword: form.text('password'),
      address: parts.visitor(context).address,
      sessionId: session.id,
    });
    if (result.outcome !== 'changed') return showRefusal(parts, context, signedIn, result);
    // Whoever copied this browser's cookie is out as well.
    const renewed = await parts.accounts.reauthenticateSession(session.id);
    if (renewed !== null) parts.cookie.write(context, renewed.cookieValue);
    if (form.text('revoke_tokens') === 'yes') await parts.accounts.revokeTokens(user.id);
    seeOther(context, '/?notice=password-changed');
  };
}

type Refusal = Exclude<ChangePasswordResult, { outcome: 'changed' }>;

function showRefusal(parts: PageParts, context: Context, signedIn: SignedIn, refusal: Refusal): void {
  const throttled = refusal.outcome === 'throttled';
  if (throttled) context.set('Retry-After', String(Math.ceil(refusal.retryAfterSeconds)));
  show(parts, context, signedIn, errorsOf(refusal), throttled ? 429 : 422);
}

function errorsOf(refusal: Refusal): readonly FieldError[] {
  const field = 'current_password';
  if (refusal.outcome === 'refused') return unacceptable(refusal.reasons);
  if (refusal.outcome === 'throttled') return [tooManyTries(field, refusal.retryAfterSeconds)];
  return [{ field, sentence: 'This is not your current password.' }];
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
