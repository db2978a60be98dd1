import type { Context, Next } from 'koa';
import { judgeRequests, type ProtectedPrincipal, requirePrincipal, type Verifier } from './judge-request.ts';

export type { Verify } from '../core/verification.ts';
export type { ProtectedPrincipal, Verifier } from './judge-request.ts';
export type { ServerToAsk } from './server-to-ask.ts';

/** A Koa middleware that lets a request pass, or answers it. */
export type ProtectMiddleware = (context: Context, next: Next) => Promise<void>;

/** Lets a request pass when its credential covers all of `scopes`; the caller is then `ctx.state.principal`. */
export function protect(verifier: Verifier, ...scopes: readonly string[]): ProtectMiddleware {
  return protectWith(verifier, scopes, false);
}

/** Lets a request pass when its credential covers at least one of `scopes`. */
export function protectAny(verifier: Verifier, ...scopes: readonly string[]): ProtectMiddleware {
  return protectWith(verifier, scopes, true);
}

function protectWith(verifier: Verifier, scopes: readonly string[], any: boolean): ProtectMiddleware {
  const judge = judgeRequests(verifier, { scopes, any });
  return async (context, next) => {
    const judgement = await judge(context.req, context.originalUrl);
    for (const [name, value] of judgement.headers) context.set(name, value);
    if (judgement.passes) {
      context.state.principal = judgement.principal;
      return next();
    }
    if (judgement.failure !== undefined) context.app.emit('error', judgement.failure, context);
    context.status = judgement.status;
    context.body = judgement.body;
  };
}

/** The caller that `protect` put on the request; throws when the route is not protected, which is a fault of the program. */
export function principalFrom(context: Context): ProtectedPrincipal {
  return requirePrincipal(context.state.principal);
}
