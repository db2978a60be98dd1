import type { Context } from 'koa';
import { LatchkeyError } from '../core/errors.ts';
import { csrfToken, isCsrfToken } from '../crypto/csrf-token.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { randomId } from '../crypto/random-token.ts';
import { isFirstPartyOrigin } from '../http/first-party.ts';
import { type Form, readForm } from '../http/read-form.ts';
import type { SessionCookie } from './session-cookie.ts';

/** A form that did not come from a page of ours in this browser, or whose page is too old: 403. */
export class ForeignForm extends LatchkeyError {
  override readonly name = 'ForeignForm';

  constructor(detail: string) {
    super({ status: 403, code: 'foreign_form', description: 'CSRF token mismatch.', detail });
  }
}

/** Guards our forms against other sites: a hidden token bound to the browser, and the origin that the browser names. */
export interface FormGuard {
  /** Token for a form that acts for nobody yet (sign-in, forgotten password); marks the browser with a cookie. */
  visitorToken(context: Context): string;
  /** Token for a form that acts for the person signed in; it dies with their session. */
  sessionToken(context: Context): string;
  /** Reads such a form; throws `ForeignForm`. Repeated fields are refused unless they are named in `lists`. */
  readVisitorForm(context: Context, lists?: readonly string[]): Promise<Form>;
  readSessionForm(context: Context, lists?: readonly string[]): Promise<Form>;
  /** For requests that carry JSON or nothing: no page of another site can send those unasked. */
  requireFirstParty(context: Context): void;
}

/** What the guard needs. */
export interface FormGuardDeps {
  readonly issuer: string;
  readonly keys: KeyRing;
  readonly sessionCookie: Pick<SessionCookie, 'read'>;
  /** Hosts with their ports whose pages may use the session cookie. */
  readonly statefulDomains: readonly string[];
}

/** Name of the hidden field. */
export const csrfField = '_csrf';

/** Builds the guard. */
export function formGuard({ issuer, keys, sessionCookie, statefulDomains }: FormGuardDeps): FormGuard {
  const secure = issuer.startsWith('https:');
  // Never shared with sister hosts, or one of them could sign a person in as somebody else.
  const visitorCookie = secure ? '__Host-latchkey_visitor' : 'latchkey_visitor';
  const readVisitor = (context: Context): string | null =>
    context.cookies.get(visitorCookie, { signed: false }) ?? null;
  const fresh = new WeakMap<object, string>();

  async function read(context: Context, binding: string | null, lists?: readonly string[]): Promise<Form> {
    requireOrigin(context, (origin) => origin === issuer);
    const form = await readForm(context, lists);
    if (binding === null) throw new ForeignForm('the browser sent no cookie');
    if (!isCsrfToken(form.text(csrfField), binding, keys)) throw new ForeignForm('the token is of another browser');
    return form;
  }

  return {
    visitorToken(context) {
      const known = fresh.get(context.req) ?? readVisitor(context);
      const visitor = known !== null && /^[0-9A-Za-z]{22}$/.test(known) ? known : randomId();
      if (visitor !== known) {
        fresh.set(context.req, visitor);
        context.cookies.set(visitorCookie, visitor, {
          httpOnly: true,
          sameSite: 'lax',
          path: '/',
          secure,
          signed: false,
          overwrite: true,
        });
      }
      return csrfToken(`visitor:${visitor}`, keys);
    },
    sessionToken(context) {
      const value = sessionCookie.read(context);
      if (value === null) throw new Error('a form for a person was made for a browser without a session');
      return csrfToken(`session:${value}`, keys);
    },
    readVisitorForm(context, lists) {
      const visitor = readVisitor(context);
      return read(context, visitor === null ? null : `visitor:${visitor}`, lists);
    },
    readSessionForm(context, lists) {
      const value = sessionCookie.read(context);
      return read(context, value === null ? null : `session:${value}`, lists);
    },
    requireFirstParty(context) {
      requireOrigin(context, (origin) => isFirstPartyOrigin({ issuer, statefulDomains }, origin));
    },
  };
}

/**
 * Requires the origin that the browser itself names. Programs name none. Browsers that hide it (`null`, or no header)
 * say in Sec-Fetch-Site whether the page is ours, which no page can forge.
 */
function requireOrigin(context: Context, isOurs: (origin: string) => boolean): void {
  const origin = context.get('Origin');
  const site = context.get('Sec-Fetch-Site');
  if (origin !== '' && origin !== 'null') {
    if (!isOurs(origin)) throw new ForeignForm('another origin');
    return;
  }
  if (site === 'same-origin' || (site === '' && origin === '')) return;
  throw new ForeignForm('an origin that is not named');
}
