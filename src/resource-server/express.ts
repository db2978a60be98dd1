import type { IncomingMessage, ServerResponse } from 'node:http';
import { judgeRequests, type ProtectedPrincipal, requirePrincipal, type Verifier } from './judge-request.ts';

export type { Verify } from '../core/verification.ts';
export type { ProtectedPrincipal, Verifier } from './judge-request.ts';
export type { ServerToAsk } from './server-to-ask.ts';

declare global {
  namespace Express {
    interface Request {
      principal?: ProtectedPrincipal;
    }
  }
}

/** A request of Express, or of anything else that stands on `node:http` and calls `next`. */
export type ProtectableRequest = IncomingMessage & { originalUrl?: string; principal?: ProtectedPrincipal };

/** An Express middleware that lets a request pass, or answers it. */
export type ProtectMiddleware = (
  request: ProtectableRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** Lets a request pass when its credential covers all of `scopes`; the caller is then `req.principal`. */
export function protect(verifier: Verifier, ...scopes: readonly string[]): ProtectMiddleware {
  return protectWith(verifier, scopes, false);
}

/** Lets a request pass when its credential covers at least one of `scopes`. */
export function protectAny(verifier: Verifier, ...scopes: readonly string[]): ProtectMiddleware {
  return protectWith(verifier, scopes, true);
}

function protectWith(verifier: Verifier, scopes: readonly string[], any: boolean): ProtectMiddleware {
  const judge = judgeRequests(verifier, { scopes, any });
  return async (request, response, next) => {
    // A router cuts its own path off `url`; the whole of it is what the caller sent.
    const judgement = await judge(request, request.originalUrl ?? request.url ?? '');
    for (const [name, value] of judgement.headers) response.setHeader(name, value);
    if (judgement.passes) {
      request.principal = judgement.principal;
      return next();
    }
    response.statusCode = judgement.status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(JSON.stringify(judgement.body));
  };
}

/** The caller that `protect` put on the request; throws when the route is not protected, which is a fault of the program. */
export function principalFrom(request: object): ProtectedPrincipal {
  return requirePrincipal('principal' in request ? request.principal : undefined);
}
