import type { IncomingMessage } from 'node:http';
import { judgeRequests, type ProtectedPrincipal, requirePrincipal, type Verifier } from './judge-request.ts';

export type { Verify } from '../core/verification.ts';
export type { ProtectedPrincipal, Verifier } from './judge-request.ts';
export type { ServerToAsk } from './server-to-ask.ts';

/** The part of Fastify's request that is read and written. */
export interface ProtectableRequest {
  readonly raw: IncomingMessage;
  readonly originalUrl: string;
  readonly log: { error(details: object, message: string): void };
  principal?: ProtectedPrincipal;
}

/** The part of Fastify's reply that is used. */
export interface ProtectableReply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: unknown): unknown;
}

/** A Fastify `preHandler` that lets a request pass, or answers it. */
export type ProtectHook = (request: ProtectableRequest, reply: ProtectableReply) => Promise<unknown>;

/** Lets a request pass when its credential covers all of `scopes`; the caller is then `request.principal`. */
export function protect(verifier: Verifier, ...scopes: readonly string[]): ProtectHook {
  return protectWith(verifier, scopes, false);
}

/** Lets a request pass when its credential covers at least one of `scopes`. */
export function protectAny(verifier: Verifier, ...scopes: readonly string[]): ProtectHook {
  return protectWith(verifier, scopes, true);
}

function protectWith(verifier: Verifier, scopes: readonly string[], any: boolean): ProtectHook {
  const judge = judgeRequests(verifier, { scopes, any });
  return async (request, reply) => {
    const judgement = await judge(request.raw, request.originalUrl);
    for (const [name, value] of judgement.headers) reply.header(name, value);
    if (judgement.passes) {
      request.principal = judgement.principal;
      return undefined;
    }
    if (judgement.failure !== undefined) {
      request.log.error({ err: judgement.failure }, 'a credential could not be verified');
    }
    reply.code(judgement.status);
    // Returned, because a hook that has answered must say so.
    return reply.send(judgement.body);
  };
}

/** The caller that `protect` put on the request; throws when the route is not protected, which is a fault of the program. */
export function principalFrom(request: object): ProtectedPrincipal {
  return requirePrincipal('principal' in request ? request.principal : undefined);
}
