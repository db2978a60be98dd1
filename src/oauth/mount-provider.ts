import type { IncomingMessage } from 'node:http';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';
import type { Provider } from 'oidc-provider';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { RequestTransactions } from '../db/request-transaction.ts';
import type { EndpointInFront } from './answer-in-front.ts';
import { type Identify, introspect } from './introspect.ts';
import { issueClientToken } from './issue-client-token.ts';
import { dropUselessHint } from './logout-hint.ts';
import type { ArtifactRepository } from './protocol-artifact.ts';
import { refusedRequest } from './refused-request.ts';
import { replayRefresh } from './replay-refresh.ts';
import {
  type FailedStep,
  hasEndedFamily,
  type RequestSession,
  requestSession,
  withRequestSession,
} from './request-session.ts';
import { resourceServerInfo } from './resource-server-info.ts';
import { type RevokeToken, revoke } from './revoke.ts';

/** What stands around the provider. */
export interface MountProviderDeps {
  /** The provider of this moment; another one after the signing keys were rotated. */
  readonly current: () => Provider;
  readonly issuer: string;
  readonly catalog: ScopeCatalog;
  readonly artifacts: ArtifactRepository;
  readonly transactions: RequestTransactions;
  readonly identify: Identify;
  readonly revokeToken: RevokeToken;
  readonly userinfo: (context: Context) => Promise<void>;
  readonly findSession: (request: IncomingMessage) => Promise<RequestSession | null>;
  /** Counts a request of nobody signed in, which writes what it asks for; throws `TooManyRequests` beyond the limit. */
  readonly refuseStrangersBeyondLimit: (request: IncomingMessage) => void;
  /** Ends our session after a logout that the person confirmed, and forgets its cookie. */
  readonly endSession: (context: Context, sessionId: number) => Promise<void>;
}

const OPEN_PATHS: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oauth/jwks',
]);

const POST_ONLY: ReadonlySet<string> = new Set(['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/par']);

/* The library would also answer other spellings (`/oauth/TOKEN`, `/oauth/token/`), around what stands in front of it. */
const ENDPOINTS =
  /^\/oauth\/(?:token|introspect|revoke|par|jwks|userinfo|authorize(?:\/[^/]+)?|logout(?:\/(?:confirm|success))?)$/;

/** Paths that a browser visits with a person in front of it; only they have a session. */
const PERSON_PATHS = /^\/oauth\/(?:authorize|logout)(?:\/|$)/;

/* The library's own auto-submitting forms add the hash of their script to script-src; forms may go to clients. */
const PROTOCOL_PAGE_POLICY =
  "default-src 'none'; script-src 'report-sample'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/** The provider, mounted. */
export interface MountedProvider {
  readonly middleware: Middleware;
  /** Answers most requests for client credentials. */
  readonly inFront: EndpointInFront;
}

/** Mounts the provider under `/oauth` and the two discovery documents. */
export function mountProvider(deps: MountProviderDeps): MountedProvider {
  const middlewareOf = composedOnce();
  const failures = new WeakMap<IncomingMessage, FailedStep>();

  async function answer(context: Context): Promise<void> {
    if (context.path === '/oauth/logout') await dropUselessHint(context, deps.current());
    await middlewareOf(deps.current())(context, async () => {});
    switch (context.path) {
      case '/oauth/token':
        return replayRefresh(context, deps.artifacts);
      case '/oauth/introspect':
        return introspect(context, deps.identify, deps.issuer);
      case '/oauth/revoke':
        return revoke(context, deps.revokeToken);
      case '/oauth/logout/confirm':
        return endOurs(context, deps);
    }
  }

  const middleware: Middleware = async (context, next) => {
    const open = OPEN_PATHS.has(context.path);
    if (!open && !ENDPOINTS.test(context.path)) return next();
    const fault = refusedRequest(context.req.rawHeaders, context.querystring);
    if (fault !== null) return refuse(context, fault);
    if (context.path === '/oauth/userinfo') return deps.userinfo(context);
    if (POST_ONLY.has(context.path) && context.method !== 'POST' && context.method !== 'OPTIONS')
      return refuseMethod(context);
    const person = PERSON_PATHS.test(context.path);
    if (person) context.set('Content-Security-Policy', PROTOCOL_PAGE_POLICY);
    const session = person ? await deps.findSession(context.req) : null;
    if (session === null && context.path === '/oauth/authorize') deps.refuseStrangersBeyondLimit(context.req);
    // What a refused or failed request has written is undone, so that a code or token it brought is as good as before;
    // but not the end of a family, which is what the refusal of a reused token is for.
    await withRequestSession(session, failures.get(context.req) ?? null, () =>
      deps.transactions.run(
        () => answer(context),
        () => context.status < 400 || (context.status < 500 && hasEndedFamily()),
      ),
    );
    if (POST_ONLY.has(context.path)) askForAuthentication(context);
    if (open) openToEveryPage(context);
    if (open && context.status === 200) context.set('Cache-Control', 'public, max-age=300');
    if (context.path.startsWith('/.well-known/') && context.status === 200) describeOurs(context, deps);
    if (context.status === 503) context.set('Retry-After', '2');
  };
  return { middleware, inFront: tokensInFront(deps, failures) };
}

/* What the library says to every request of no page, and how much it reads. */
const TOKEN_HEADERS = [
  ['Vary', 'Origin'],
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Expose-Headers', 'WWW-Authenticate'],
] as const;
const LONGEST_TOKEN_FORM_BYTES = 57_344;

/** Answers requests for client credentials in front; a failure is handed on, to be told by the library without a second try. */
function tokensInFront(deps: MountProviderDeps, failures: WeakMap<IncomingMessage, FailedStep>): EndpointInFront {
  const { current, issuer, catalog } = deps;
  const issue = issueClientToken({ current, issuer, offer: resourceServerInfo(issuer, catalog) });
  return {
    path: '/oauth/token',
    longestFormBytes: LONGEST_TOKEN_FORM_BYTES,
    headers: TOKEN_HEADERS,
    answer: async (request, form) => {
      // Whatever else comes up, comes up again where it is told.
      const outcome = await issue(request, form).catch(() => ({ kind: 'library' }) as const);
      if (outcome.kind === 'answer') return { body: outcome.body };
      return {
        handOn: (again) => {
          if (outcome.kind === 'failed') failures.set(again, outcome.step);
        },
      };
    },
  };
}

/** The library says 404 to another method; the endpoint is there (RFC 9110 section 15.5.6). */
function refuseMethod(context: Context): void {
  context.status = 405;
  context.set('Allow', 'POST');
  context.body = { error: 'invalid_request', error_description: 'this endpoint is asked by POST' };
}

/** The library calls a request without any client authentication invalid; RFC 6749 section 5.2 calls it `invalid_client`. */
function askForAuthentication(context: Context): void {
  const body: unknown = context.body;
  if (context.status !== 400 || typeof body !== 'object' || body === null || !('error_description' in body)) return;
  if (body.error_description !== 'no client authentication mechanism provided') return;
  context.status = 401;
  context.set('WWW-Authenticate', 'Basic realm="latchkey"');
  context.body = { error: 'invalid_client', error_description: 'the client must authenticate' };
}

function refuse(context: Context, description: string): void {
  context.status = 400;
  context.set('Cache-Control', 'no-store');
  context.body = { error: 'invalid_request', error_description: description };
}

/** Set behind the library, which answers no preflight where a header of this kind stands already. */
function openToEveryPage(context: Context): void {
  context.set('Access-Control-Allow-Origin', '*');
  context.remove('Vary');
}

/** Middleware of a provider, put together once for each. */
function composedOnce(): (provider: Provider) => (context: Context, next: Next) => Promise<void> {
  const composed = new WeakMap<Provider, (context: Context, next: Next) => Promise<void>>();
  return (provider) => {
    const known = composed.get(provider);
    if (known !== undefined) return known;
    const made = compose(provider.middleware) as (context: Context, next: Next) => Promise<void>;
    composed.set(provider, made);
    return made;
  };
}

/** Signing out at the protocol's end ends our session in the same transaction: there is only one. */
async function endOurs(context: Context, deps: MountProviderDeps): Promise<void> {
  const session = requestSession();
  if (session !== null && context.oidc?.session?.destroyed === true) await deps.endSession(context, session.id);
}

/** The library lists only its static scopes in the metadata (RFC 8414 section 2), and does not know our userinfo. */
function describeOurs(context: Context, { issuer, catalog }: MountProviderDeps): void {
  const document: unknown = context.body;
  if (typeof document !== 'object' || document === null) return;
  context.body = {
    ...document,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    claims_supported: ['sub', 'name', 'email', 'email_verified', 'auth_time', 'iss', 'sid'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access', ...catalog.names],
  };
}
