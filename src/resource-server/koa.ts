import type { Context, Next } from 'koa';
import { badRequest, type Refusal, refusalFor } from '../core/answer.ts';
import { ForeignRequest } from '../core/errors.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import type { Principal } from '../core/principal.ts';
import { standingHeaders } from '../core/standing-headers.ts';
import type { Requirement, Verification, VerificationQuestion, Verify } from '../core/verification.ts';

export type { Verify } from '../core/verification.ts';

/** The caller of a protected route, with the question every handler asks. */
export interface ProtectedPrincipal extends Principal {
  /** Tells whether the caller's effective scopes contain `scope`. */
  can(scope: string): boolean;
}

/** A Koa middleware that lets a request pass, or answers it. */
export type ProtectMiddleware = (context: Context, next: Next) => Promise<void>;

/** Lets a request pass when its credential covers all of `scopes`; the caller is then `ctx.state.principal`. */
export function protect(verify: Verify, ...scopes: readonly string[]): ProtectMiddleware {
  return protectWith(verify, { scopes, any: false });
}

/** Lets a request pass when its credential covers at least one of `scopes`. */
export function protectAny(verify: Verify, ...scopes: readonly string[]): ProtectMiddleware {
  return protectWith(verify, { scopes, any: true });
}

function protectWith(verify: Verify, requirement: Requirement): ProtectMiddleware {
  if (requirement.scopes.length === 0)
    throw new TypeError('protect() needs at least one scope: an empty requirement is never a pass');
  return async (context, next) => {
    const presented = readPresentedCredential(context.req.rawHeaders, context.url);
    if (presented.kind === 'refused') return refuse(context, badRequest(presented.message));
    const verification = await askOrDeny(context, verify, {
      credential: presented.kind === 'none' ? null : presented.value,
      requirement,
      audience: null,
      cost: 1,
      request: context.req,
    });
    if (verification === null) return;
    const standing = standingHeaders(verification);
    for (let index = 0; index + 1 < standing.length; index += 2) {
      context.set(standing[index] ?? '', standing[index + 1] ?? '');
    }
    if (!verification.allowed)
      return refuse(context, refusalFor(verification, requirement, Math.floor(Date.now() / 1000)));
    const { principal } = verification;
    context.state.principal = { ...principal, can: (scope: string) => principal.scopes.includes(scope) };
    await next();
  };
}

/** When the server can not be asked, the answer is 503: a request never passes unverified. */
async function askOrDeny(
  context: Context,
  verify: Verify,
  question: VerificationQuestion,
): Promise<Verification | null> {
  try {
    return await verify(question);
  } catch (error) {
    if (error instanceof ForeignRequest) {
      refuse(context, { status: 403, headers: [], body: { message: error.description } });
      return null;
    }
    context.app.emit('error', error, context);
    context.status = 503;
    context.set('Retry-After', '2');
    context.set('Cache-Control', 'no-store');
    context.body = { message: 'The service is temporarily unavailable.' };
    return null;
  }
}

function refuse(context: Context, refusal: Refusal): void {
  context.status = refusal.status;
  for (const [name, value] of refusal.headers) context.set(name, value);
  context.set('Cache-Control', 'no-store');
  context.body = refusal.body;
}

/** The caller that `protect` put on the request; throws when the route is not protected, which is a fault of the program. */
export function principalFrom(context: Context): ProtectedPrincipal {
  const principal: unknown = context.state.principal;
  if (principal === undefined) throw new Error('this route is not behind protect()');
  return principal as ProtectedPrincipal;
}
