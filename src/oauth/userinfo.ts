import type { Context } from 'koa';
import { refusalFor } from '../core/answer.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import { anyAudience, type Verify } from '../core/verification.ts';
import { type ProtocolUser, userClaims } from './find-account.ts';

/** What userinfo needs. */
export interface UserinfoDeps {
  readonly verify: Verify;
  /** OpenID Connect scopes of the grant behind an access token, and the redirect URIs of its client; null when it has none. */
  readonly findOpenidScopes: (
    token: string,
  ) => Promise<{ readonly scopes: readonly string[]; readonly origins: readonly string[] } | null>;
  readonly findActiveUser: (id: number) => Promise<ProtocolUser | null>;
}

/** Builds `/oauth/userinfo` (OpenID Connect Core section 5.3): ours, because every access token of this server is for the API. */
export function userinfo(deps: UserinfoDeps): (context: Context) => Promise<void> {
  return async (context) => {
    context.vary('Origin');
    if (context.method === 'OPTIONS') return preflight(context);
    if (context.method !== 'GET' && context.method !== 'POST') {
      context.status = 405;
      context.set('Allow', 'GET, POST, OPTIONS');
      return;
    }
    context.set('Cache-Control', 'no-store');
    const presented = readPresentedCredential(context.req.rawHeaders, context.url);
    if (presented.kind === 'refused') return refuse(context, 400, 'invalid_request', presented.message);
    const token = presented.kind === 'none' ? null : presented.value;
    const verification = await deps.verify({ credential: token, requirement: null, audience: anyAudience, cost: 0 });
    if (!verification.allowed) {
      const refusal = refusalFor(verification, { scopes: ['openid'], any: false }, Math.floor(Date.now() / 1000));
      for (const [name, value] of refusal.headers) context.set(name, value);
      return refuse(
        context,
        refusal.status,
        token === null ? null : 'invalid_token',
        'The access token is missing or not good.',
      );
    }
    const openid = token === null ? null : await deps.findOpenidScopes(token);
    const { subject } = verification.principal;
    const user = subject.type === 'user' ? await deps.findActiveUser(Number(subject.id)) : null;
    if (openid === null || user === null || !openid.scopes.includes('openid')) {
      context.set('WWW-Authenticate', 'Bearer error="insufficient_scope", scope="openid"');
      return refuse(context, 403, 'insufficient_scope', 'The access token was not issued with the scope openid.');
    }
    const origin = context.get('Origin');
    if (openid.origins.includes(origin)) context.set('Access-Control-Allow-Origin', origin);
    context.status = 200;
    context.body = claimsFor(user, openid.scopes);
  };
}

function claimsFor(user: ProtocolUser, scopes: readonly string[]): Record<string, unknown> {
  const { sub, name, email, email_verified } = userClaims(user);
  return {
    sub,
    ...(scopes.includes('profile') && { name }),
    ...(scopes.includes('email') && { email, email_verified }),
  };
}

/** The browser asks before it knows the token, so nobody can tell yet whose page it is; the answer itself decides. */
function preflight(context: Context): void {
  context.status = 204;
  const origin = context.get('Origin');
  if (origin === '') return;
  context.set('Access-Control-Allow-Origin', origin);
  context.set('Access-Control-Allow-Methods', 'GET, POST');
  context.set('Access-Control-Allow-Headers', 'Authorization');
  context.set('Access-Control-Max-Age', '3600');
}

function refuse(context: Context, status: number, error: string | null, description: string): void {
  context.status = status;
  context.body = error === null ? {} : { error, error_description: description };
}
