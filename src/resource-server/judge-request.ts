import type { IncomingMessage } from 'node:http';
import { badRequest, type Refusal, refusalFor } from '../core/answer.ts';
import { ForeignRequest } from '../core/errors.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import type { Principal } from '../core/principal.ts';
import { isConcreteScope } from '../core/scope.ts';
import { standingHeaders } from '../core/standing-headers.ts';
import type { Requirement, Verify } from '../core/verification.ts';
import { holds } from './holds.ts';
import { type ServerToAsk, verifierOf } from './server-to-ask.ts';

/** Who decides: a server across the network, or a verifier in the same process. */
export type Verifier = ServerToAsk | Verify;

/** The caller of a protected route, with the question every handler asks. */
export interface ProtectedPrincipal extends Principal {
  /** Tells whether the caller's effective scopes contain `scope`. */
  can(scope: string): boolean;
}

/** What becomes of a request: it passes with its caller, or is answered. The headers belong to either answer. */
export type Judgement =
  | { readonly passes: true; readonly principal: ProtectedPrincipal; readonly headers: readonly HeaderLine[] }
  | {
      readonly passes: false;
      readonly status: number;
      readonly headers: readonly HeaderLine[];
      readonly body: Readonly<Record<string, unknown>>;
      /** Why nobody could be asked; for the operator, never for the caller. */
      readonly failure?: unknown;
    };

/** Name and value. */
export type HeaderLine = readonly [name: string, value: string];

/** Judges requests against one requirement; never throws and never lets a request pass unverified. */
export type JudgeRequest = (request: IncomingMessage, url: string) => Promise<Judgement>;

/**
 * Builds the judge of a route. Throws `TypeError` where the route is declared wrongly: without a scope, or with a wildcard,
 * neither of which may ever turn into a pass.
 */
export function judgeRequests(verifier: Verifier, requirement: Requirement): JudgeRequest {
  if (requirement.scopes.length === 0) {
    throw new TypeError('protect() needs at least one scope: an empty requirement is never a pass');
  }
  const strange = requirement.scopes.find((scope) => !isConcreteScope(scope));
  if (strange !== undefined) throw new TypeError(`protect() needs concrete scopes, such as posts:read, not ${strange}`);
  const verify = typeof verifier === 'function' ? verifier : verifierOf(verifier);

  return async (request, url) => {
    try {
      const presented = readPresentedCredential(request.rawHeaders, url);
      if (presented.kind === 'refused') return refused(badRequest(presented.message), []);
      const verification = await verify({
        credential: presented.kind === 'none' ? null : presented.value,
        requirement,
        audience: null,
        cost: 1,
        request,
      });
      const standing = pairs(standingHeaders(verification));
      if (!verification.allowed) {
        return refused(refusalFor(verification, requirement, Math.floor(Date.now() / 1000)), standing);
      }
      const { principal } = verification;
      const can = (scope: string): boolean => holds(principal.scopes, scope);
      return { passes: true, principal: { ...principal, can }, headers: standing };
    } catch (error) {
      return error instanceof ForeignRequest ? foreign(error) : unavailable(error);
    }
  };
}

/** The caller that a judgement put on a request; throws when the route is not protected, which is a fault of the program. */
export function requirePrincipal(principal: unknown): ProtectedPrincipal {
  if (principal === undefined || principal === null) throw new Error('this route is not behind protect()');
  return principal as ProtectedPrincipal;
}

type Refused = Extract<Judgement, { passes: false }>;

const NO_STORE: HeaderLine = ['Cache-Control', 'no-store'];

function refused({ status, headers, body }: Refusal, standing: readonly HeaderLine[]): Refused {
  return { passes: false, status, headers: [...standing, ...headers, NO_STORE], body };
}

function foreign({ status, description }: ForeignRequest): Refused {
  return { passes: false, status, headers: [NO_STORE], body: { message: description } };
}

function unavailable(failure: unknown): Refused {
  return {
    passes: false,
    status: 503,
    headers: [['Retry-After', '2'], NO_STORE],
    body: { message: 'The service is temporarily unavailable.' },
    failure,
  };
}

function pairs(flat: readonly string[]): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) lines.push([flat[index] ?? '', flat[index + 1] ?? '']);
  return lines;
}
