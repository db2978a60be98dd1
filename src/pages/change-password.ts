import type { Middleware } from 'koa';
import type { ChangePasswordResult } from '../users/change-password.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { newPasswordFaults, unacceptable } from './password-rules.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { tooManyTries } from './sign-in-form.ts';

/** `GET /change-password`. */
export function changePasswordPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => show(page, []));
}

/** `POST /change-password`: needs the current password; ends the person's other sessions, and their tokens if they wish. */
export function changePassword(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const { context, person } = page;
    const faults = newPasswordFaults(form);
    if (faults.length > 0) return show(page, faults);
    const result = await parts.accounts.changePassword({
      userId: person.user.id,
      currentPassword: form.text('current_password'),
      newPassword: form.text('password'),
      address: parts.visitor(context).address,
      sessionId: person.session.id,
    });
    if (result.outcome !== 'changed') return showRefusal(page, result);
    // Whoever copied this browser's cookie is out as well.
    const renewed = await parts.accounts.reauthenticateSession(person.session.id);
    if (renewed !== null) parts.cookie.write(context, renewed.cookieValue);
    if (form.text('revoke_tokens') === 'yes') await parts.accounts.revokeTokens(person.user.id);
    seeOther(context, '/?notice=password-changed');
  });
}

type Refusal = Exclude<ChangePasswordResult, { outcome: 'changed' }>;

function showRefusal(page: PersonPage, refusal: Refusal): void {
  const throttled = refusal.outcome === 'throttled';
  if (throttled) page.context.set('Retry-After', String(Math.ceil(refusal.retryAfterSeconds)));
  show(page, errorsOf(refusal), throttled ? 429 : 422);
}

function errorsOf(refusal: Refusal): readonly FieldError[] {
  const field = 'current_password';
  if (refusal.outcome === 'refused') return unacceptable(refusal.reasons);
  if (refusal.outcome === 'throttled') return [tooManyTries(field, refusal.retryAfterSeconds)];
  return [{ field, sentence: 'This is not your current password.' }];
}

function show(page: PersonPage, errors: readonly FieldError[], status = errors.length > 0 ? 422 : 200): void {
  const { email, mustChangePassword } = page.person.user;
  page.show(
    'change-password',
    { title: 'Change your password', section: 'account', width: 'narrow', status },
    { errors, email, generated: mustChangePassword },
  );
}
