import type { Context } from 'koa';
import type { AccountPort, SignedIn, Visitor } from './account-port.ts';
import type { CallApi } from './api-port.ts';
import type { FormGuard } from './csrf.ts';
import type { Interactions } from './interaction-port.ts';
import type { HeadLine } from './render.ts';
import type { ReadSession, SessionCookie } from './session-cookie.ts';

/** What every page is made with. */
export interface PageParts {
  /** The public origin, for what people copy. */
  readonly issuer: string;
  /** Whether the example API is served: a call that a new credential can try. */
  readonly exampleApi: boolean;
  readonly accounts: AccountPort;
  readonly interactions: Interactions;
  /** The JSON API in process, for the person who looks at a page. */
  readonly callApi: CallApi;
  readonly session: ReadSession;
  readonly cookie: SessionCookie;
  readonly forms: FormGuard;
  readonly visitor: (context: Context) => Visitor;
}

/** A sentence about one field of a form. */
export interface FieldError {
  readonly field: string;
  readonly sentence: string;
}

/** The head line of a page for the person signed in. */
export function headLine(parts: Pick<PageParts, 'forms'>, context: Context, signedIn: SignedIn): HeadLine {
  return { email: signedIn.user.email, csrf: parts.forms.sessionToken(context) };
}
