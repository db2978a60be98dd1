import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import { refusalFor } from '../core/answer.ts';
import type { Principal } from '../core/principal.ts';
import type { Verification } from '../core/verification.ts';
import { type Form, longestFormBytes, peekForm } from '../http/read-form.ts';
import type { EndpointInFront } from './answer-in-front.ts';
import type { AuthenticateClient } from './authenticate-client.ts';
import {
  decideIntrospection,
  type IntrospectionOutcome,
  introspectionRequirement,
  type RefusedCaller,
} from './decide-introspection.ts';
import type { Identify } from './introspect.ts';
import { refusedRequest } from './refused-request.ts';

/** What the endpoints that answer for every kind of credential need. */
export interface CredentialEndpointsDeps {
  readonly issuer: string;
  readonly identify: Identify;
  /** Like `identify`, and also for a whole credential that may not be used now: its workspace or owner may come back. */
  readonly recognise: Identify;
  readonly authenticateClient: AuthenticateClient;
  /** Verifies the credential of a request for `credentials:introspect`; nothing is charged. */
  readonly askToIntrospect: (asking: { readonly req: IncomingMessage }, credential: string) => Promise<Verification>;
  /** Ends a personal access token or API key that somebody holds in full; anything else is left alone. */
  readonly revokeHeld: (principal: Principal) => Promise<void>;
}

/** What is held by whoever presents it, and ended by them: no client stands behind it. */
const HELD = /^(?:sk_(?:live|test)_|[1-9]\d{0,18}[|.]lkp_)/;

/** The endpoints, and what lets introspection be answered before they are reached. */
export interface CredentialEndpoints {
  readonly middleware: Middleware;
  /** Answers introspections; any other outcome is handed on to the middleware, so that it is not asked for again. */
  readonly inFront: EndpointInFront;
}

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) for every kind of credential, in front of the library's. What is not
 * clearly ours to answer goes on to the library: other ways of client authentication, refresh tokens, and every error.
 */
export function credentialEndpoints(deps: CredentialEndpointsDeps): CredentialEndpoints {
  const decide = decideIntrospection(deps);
  const kept = new WeakMap<IncomingMessage, IntrospectionOutcome>();
  const handlers: Readonly<Record<string, Handler>> = {
    '/oauth/introspect': async (context, form, request) =>
      sayOutcome(context, kept.get(request) ?? (await decide(context.req, form))),
    '/oauth/revoke': (context, form) => revokeHeldCredential(deps, context, form),
  };
  return {
    inFront: {
      path: '/oauth/introspect',
      longestFormBytes,
      headers: [],
      answer: async (request, form) => {
        const outcome = await decide(request, form).catch((error: unknown) => ({ kind: 'failed', error }) as const);
        if (outcome.kind === 'answer') return { body: outcome.body };
        return { handOn: (again) => void kept.set(again, outcome) };
      },
    },
    middleware: async (context, next) => {
      const handler = context.method === 'POST' ? handlers[context.path] : undefined;
      if (handler === undefined || !context.is('application/x-www-form-urlencoded')) return next();
      if (refusedRequest(context.req.rawHeaders, context.querystring) !== null) return next();
      const request = context.req;
      const form = await peekForm(context).catch(() => null);
      if (form === null) return sayUnreadable(context);
      if (!(await handler(context, form, request))) await next();
    },
  };
}

function sayUnreadable(context: Context): void {
  context.status = 400;
  context.set('Cache-Control', 'no-store');
  context.body = {
    error: 'invalid_request',
    error_description: 'the form could not be read, or repeats a parameter',
  };
}

/** Answers, or says false to leave the request to the library; `request` is the one that came, before its body was read. */
type Handler = (context: Context, form: Form, request: IncomingMessage) => Promise<boolean>;

function sayOutcome(context: Context, outcome: IntrospectionOutcome): boolean {
  if (outcome.kind === 'failed') throw outcome.error;
  if (outcome.kind === 'library') return false;
  context.set('Cache-Control', 'no-store');
  if (outcome.kind === 'refused') {
    refuseCaller(context, outcome.verification);
    return true;
  }
  context.status = 200;
  context.body = outcome.body;
  return true;
}

/** Says a refused caller in HTTP; the codes are those of RFC 6750 section 3.1. */
function refuseCaller(context: Context, verification: RefusedCaller): void {
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
