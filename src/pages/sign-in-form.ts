import type { Context } from 'koa';
import type { Session } from '../users/session.ts';
import type { SignInResult } from '../users/sign-in.ts';
import type { User } from '../users/user.ts';
import { waitInWords } from './in-words.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { renderPage } from './render.ts';

/** Said for an unknown address and for a wrong password alike. */
export const wrongCredentials = 'The provided credentials are incorrect.';

/** What the sign-in form shows besides its fields. */
export interface SignInForm {
  readonly action: string;
  /** Where to go afterwards, as a hidden field; null where the address of the form says it. */
  readonly next: string | null;
  readonly email: string;
  /** The app that sent the person here; null for our own sign-in. */
  readonly clientName: string | null;
  /** True when somebody who is signed in must prove it again. */
  readonly again: boolean;
  readonly notice: string | null;
}

/** A try that failed. */
export type FailedSignIn = Exclude<SignInResult, { outcome: 'signed_in' }>;

/** A try that succeeded. */
export interface SucceededSignIn {
  readonly outcome: 'signed_in';
  readonly user: User;
  readonly session: Session;
}

/** Tries an e-mail address and a password; a session that comes of it is in the answer's cookie by then. */
export async function trySignIn(
  parts: PageParts,
  context: Context,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<SucceededSignIn | FailedSignIn> {
  const before = await parts.session(context);
  const { address, userAgent } = parts.visitor(context);
  const browserOf = before?.user.id ?? null;
  const result = await parts.accounts.signIn({ email, password, address, browserOf });
  if (result.outcome !== 'signed_in') return result;
  const { user } = result;
  // The same person goes on in the same session under a new id; what hangs on it stays. Anybody else begins anew.
  const continued = before?.user.id === user.id ? await parts.accounts.reauthenticateSession(before.session.id) : null;
  const { session, cookieValue } =
    continued ??
    (await parts.accounts.startSession({
      userId: user.id,
      address,
      userAgent,
      replacedSessionId: before?.session.id ?? null,
    }));
  parts.cookie.write(context, cookieValue);
  return { outcome: 'signed_in', user, session };
}

/** Shows the form, with the reason when a try failed: 422, or 429 when there were too many. */
export function showSignIn(
  parts: PageParts,
  context: Context,
  form: SignInForm,
  failed: FailedSignIn | null = null,
): void {
  if (failed?.outcome === 'throttled') context.set('Retry-After', String(Math.ceil(failed.retryAfterSeconds)));
  renderPage(
    context,
    'sign-in',
    {
      title: 'Sign in',
      status: failed === null ? 200 : failed.outcome === 'wrong' ? 422 : 429,
      formTarget: form.clientName === null ? 'self' : 'client',
    },
    { ...form, errors: errorsOf(failed), csrf: parts.forms.visitorToken(context) },
  );
}

function errorsOf(failed: FailedSignIn | null): readonly FieldError[] {
  if (failed === null) return [];
  if (failed.outcome === 'wrong') return [{ field: 'email', sentence: wrongCredentials }];
  return [tooManyTries('email', failed.retryAfterSeconds)];
}

/** The sentence for too many tries, next to a field. */
export function tooManyTries(field: string, retryAfterSeconds: number): FieldError {
  return { field, sentence: `Too many tries. Try again in ${waitInWords(retryAfterSeconds)}.` };
}
