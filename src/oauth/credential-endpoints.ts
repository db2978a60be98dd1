import type { Context, Middleware } from 'koa';
import { refusalFor } from '../core/answer.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import type { Principal } from '../core/principal.ts';
import type { Requirement, Verification } from '../core/verification.ts';
import { type Form, peekForm } from '../http/read-form.ts';
import { type AuthenticateClient, readBasicSecret } from './authenticate-client.ts';
import { type Identify, INACTIVE, introspection } from './introspect.ts';
import { refusedRequest } from './refused-request.ts';

/** What the endpoints that answer for every kind of credential need. */
export interface CredentialEndpointsDeps {
  readonly issuer: string;
  readonly identify: Identify;
  /** Like `identify`, and also for a whole credential that may not be used now: its workspace or owner may come back. */
  readonly recognise: Identify;
  readonly authenticateClient: AuthenticateClient;
  /** Verifies the credential of a request for `credentials:introspect`; nothing is charged. */
  readonly askToIntrospect: (context: Context, credential: string) => Promise<Verification>;
  /** Ends a personal access token or API key that somebody holds in full; anything else is left alone. */
  readonly revokeHeld: (principal: Principal) => Promise<void>;
}

/** What is held by whoever presents it, and ended by them: no client stands behind it. */
const HELD = /^(?:sk_(?:live|test)_|[1-9]\d{0,18}[|.]lkp_)/;

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) for every kind of credential, in front of the library's. What is not
 * clearly ours to answer goes on to the library: other ways of client authentication, refresh tokens, and every error.
 */
export function credentialEndpoints(deps: CredentialEndpointsDeps): Middleware {
  return async (context, next) => {
    const handler = context.method === 'POST' ? HANDLERS[context.path] : undefined;
    if (handler === undefined || !context.is('application/x-www-form-urlencoded')) return next();
    if (refusedRequest(context.req.rawHeaders, context.querystring) !== null) return next();
    const form = await peekForm(context).catch(() => null);
    if (form === null) {
      context.status = 400;
      context.set('Cache-Control', 'no-store');
      context.body = {
        error: 'invalid_request',
        error_description: 'the form could not be read, or repeats a parameter',
      };
      return;
    }
    if (!(await handler(deps, context, form))) await next();
  };
}

/** Answers, or says false to leave the request to the library. */
type Handler = (deps: CredentialEndpointsDeps, context: Context, form: Form) => Promise<boolean>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  '/oauth/introspect': introspectAny,
  '/oauth/revoke': revokeHeldCredential,
};

async function introspectAny(deps: CredentialEndpointsDeps, context: Context, form: Form): Promise<boolean> {
  const token = form.text('token');
  if (token === '' || token.startsWith('ort_')) return false;
  const caller = await callerOf(deps, context, form);
  if (caller === null) return false;
  context.set('Cache-Control', 'no-store');
  if (typeof caller === 'object') {
    refuseCaller(context, caller);
    return true;
  }
  const principal = await deps.identify(token);
  // A client may always ask about its own tokens; about others' only if it is marked as a resource server.
  const allowed = principal !== null && (caller === 'anything' || principal.clientId === caller);
  context.status = 200;
  context.body = allowed ? introspection(principal, deps.issuer) : INACTIVE;
  return true;
}

/** What asking about any credential takes of the credential that asks. */
export const introspectionRequirement: Requirement = { scopes: ['credentials:introspect'], any: false };

/** Says a refused caller in HTTP; the codes are those of RFC 6750 section 3.1. */
function refuseCaller(context: Context, verification: Refused): void {
  const refusal = refusalFor(verification, introspectionRequirement, Math.floor(Date.now() / 1000));
  for (const [name, value] of refusal.headers) context.set(name, value);
  context.status = refusal.status;
  context.body =
    refusal.status === 401
      ? { error: 'invalid_token', error_description: 'the credential that asks is not good' }
      : refusal.status === 429
        ? { error: 'temporarily_unavailable', error_description: 'too many requests; try again later' }
        : { error: 'insufficient_scope', error_description: 'introspection needs credentials:introspect' };
}

type Refused = Extract<Verification, { allowed: false }>;

/** Who asks: somebody who may ask about anything, a client (by id) about its own, somebody who may not, or null for the library to find out. */
async function callerOf(
  deps: CredentialEndpointsDeps,
  context: Context,
  form: Form,
): Promise<'anything' | Refused | string | null> {
  const presented = readPresentedCredential(context.req.rawHeaders, context.url);
  if (presented.kind === 'credential' && presented.value !== '') {
    const verification = await deps.askToIntrospect(context, presented.value);
    return verification.allowed ? 'anything' : verification;
  }
  const basic = readBasicSecret(context.get('Authorization'));
  const posted =
    form.text('client_secret') === ''
      ? null
      : { clientId: form.text('client_id'), clientSecret: form.text('client_secret') };
  const secret = basic === null ? posted : posted === null ? basic : null;
  const client = secret === null ? null : await deps.authenticateClient(secret);
  if (client === null) return null;
  return client.resourceServer ? 'anything' : client.clientId;
}

/** Whoever holds the full secret of a token or key may end it; the answer is 200 in any case. */
async function revokeHeldCredential(deps: CredentialEndpointsDeps, context: Context, form: Form): Promise<boolean> {
  const token = form.text('token');
  if (!HELD.test(token)) return false;
  const principal = await deps.recognise(token);
  if (principal !== null) await deps.revokeHeld(principal);
  context.status = 200;
  context.set('Cache-Control', 'no-store');
  context.body = '';
  return true;
}
