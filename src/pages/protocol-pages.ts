import type { Context } from 'koa';
import { requestIdOf } from '../http/request-id.ts';
import { renderErrorPage } from './error-pages.ts';
import { renderPage } from './render.ts';

/** A protocol error as it is told to clients. */
export interface ProtocolError {
  readonly error: string;
  readonly error_description?: string | undefined;
}

const SENTENCES: Readonly<Record<string, string>> = {
  invalid_client: 'The app that sent you here is not known to this server.',
  invalid_redirect_uri: 'The app that sent you here named an address that it is not registered for.',
  access_denied: 'The app was not let in.',
  temporarily_unavailable: 'The server can not reach its database. Try again in a few seconds.',
  server_error: 'The fault is ours. Try again in a moment.',
};

/** Shows a protocol error to a person whose browser can not be sent back to the app. */
export function protocolErrorPage(context: Context, { error, error_description }: ProtocolError): void {
  const expired = error_description !== undefined && /session|expired/.test(error_description);
  renderErrorPage(context, {
    status: Math.max(context.status, 400),
    title: expired ? 'This sign-in is over' : 'The app could not be let in',
    message: expired
      ? 'It was open for too long, or belongs to another browser. Go back to the app and start again.'
      : (SENTENCES[error] ?? `The app that sent you here made a mistake: ${error_description ?? error}.`),
    requestId: requestIdOf(context.req),
  });
}

/** Asks whether to sign out, because an app wants it (OpenID Connect RP-Initiated Logout section 6). */
export function protocolLogoutPage(context: Context, form: { readonly action: string; readonly xsrf: string }): void {
  renderPage(context, 'protocol-logout', { title: 'Sign out', formTarget: 'client' }, form);
}

/** Says that the person is signed out, when the app named no place to go back to. */
export function protocolSignedOutPage(context: Context): void {
  renderPage(context, 'signed-out', { title: 'Signed out' });
}
