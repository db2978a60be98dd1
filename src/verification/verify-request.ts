import type { RequestToVerify } from '../core/verification.ts';
import type { InProcessVerification, VerifyInProcess } from './verify-credential.ts';

/** What a verification learns from the request itself. */
export interface VerifyRequestDeps {
  readonly verify: VerifyInProcess;
  /**
   * Value of the session cookie, where a page may use it; null without one. Throws `ForeignRequest` for an unsafe request
   * that a page of another site may have sent.
   */
  readonly readSession: (request: RequestToVerify) => string | null;
  /** Where a request comes from, proxies considered. */
  readonly addressOf: (request: RequestToVerify) => string;
  /** Counts a request without a valid credential against its address; null where the address is not limited. */
  readonly countStranger: (request: RequestToVerify, address: string) => StrangerVerdict | null;
  /** Told of each request that was refused for its address; must not throw. */
  readonly onLimited: () => void;
}

/** Where an address without a credential stands. */
export interface StrangerVerdict {
  readonly within: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly nowSeconds: number;
}

const STRANGER_WINDOW_SECONDS = 60;
/** Refusals of what is not, or no longer, a credential; the others are of somebody we know. */
const OF_STRANGERS: ReadonlySet<string> = new Set(['missing', 'malformed', 'unknown', 'expired', 'revoked']);

/**
 * Builds the verification of requests: an explicit credential wins over the session cookie and never falls back to it; a
 * session acts only for pages of ours; strangers are limited by their address, and a valid credential never is.
 */
export function verifyRequest(deps: VerifyRequestDeps): VerifyInProcess {
  return (question) => {
    const { request } = question;
    if (request === undefined) return deps.verify(question);
    try {
      const address = deps.addressOf(request);
      // Whoever names a session, or says that there is none, has looked at the request already.
      const session =
        question.session === undefined && question.credential === null
          ? deps.readSession(request)
          : (question.session ?? null);
      return deps.verify({ ...question, session, address }).then((verification) => {
        if (verification.allowed || !OF_STRANGERS.has(verification.reason)) return verification;
        const standing = deps.countStranger(request, address);
        if (standing === null || standing.within) return verification;
        deps.onLimited();
        return tooManyFrom(standing, verification);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function tooManyFrom(standing: StrangerVerdict, refused: InProcessVerification): InProcessVerification {
  const { limit, remaining, resetSeconds, nowSeconds } = standing;
  return {
    ...refused,
    allowed: false,
    reason: 'rate_limited',
    principal: null,
    missing: [],
    rateLimit: { tier: 'address', limit, remaining, resetSeconds, windowSeconds: STRANGER_WINDOW_SECONDS, nowSeconds },
  };
}
