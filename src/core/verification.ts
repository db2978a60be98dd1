import type { Principal } from './principal.ts';

/** Why a credential was allowed or not; the same words on every surface. */
export type VerificationReason =
  | 'ok'
  | 'missing'
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'revoked'
  | 'insufficient_scope'
  | 'rate_limited'
  | 'suspended'
  | 'owner_inactive';

/** Which rule took a scope away: never granted, not in the owner's role, not in the client's ceiling, or reserved. */
export type ScopeRemovedBy = 'grant' | 'role' | 'client' | 'protected';

/** A required scope that the credential does not have, and the rule that says so. */
export interface MissingScope {
  readonly scope: string;
  readonly removedBy: ScopeRemovedBy;
}

/** Where a credential stands in its fixed window; `limit` is null for unlimited. */
export interface RateLimitState {
  readonly tier: string;
  readonly limit: number | null;
  readonly remaining: number | null;
  /** Epoch seconds at which the window ends. */
  readonly resetSeconds: number;
  /** Length of the window; 0 for unlimited, and where it is not known. */
  readonly windowSeconds: number;
  /** Epoch seconds of this state. */
  readonly nowSeconds: number;
}

/** The scopes a question asks for: all of them, or (`any`) one of them. */
export interface Requirement {
  readonly scopes: readonly string[];
  readonly any: boolean;
}

/** The answer to "may this credential do that now?". */
export type Verification =
  | {
      readonly allowed: true;
      readonly reason: 'ok';
      readonly principal: Principal;
      readonly rateLimit: RateLimitState | null;
      /** When a key that was rotated stops working; null for everything else. */
      readonly sunset: Date | null;
    }
  | {
      readonly allowed: false;
      readonly reason: Exclude<VerificationReason, 'ok'>;
      /** Known when the credential itself is good, or was. */
      readonly principal: Principal | null;
      readonly missing: readonly MissingScope[];
      readonly rateLimit: RateLimitState | null;
      readonly sunset: Date | null;
    };

/** What a verifier in the same process may look at of a request: its session cookie, who sent it, and from where. `IncomingMessage` has this shape. */
export interface RequestToVerify {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Every resource, for who only wants to know what a credential is. No text, so that nobody can ask for it from outside. */
export const anyAudience: unique symbol = Symbol('any audience');

/** What a verifier is asked: one credential, what it must cover, which audience it must be for, what the call costs. */
export interface VerificationQuestion {
  /** The credential as presented, or null when the request carried none. */
  readonly credential: string | null;
  /** Null only identifies: it asks who this is, not whether something is allowed. An empty list is never a pass. */
  readonly requirement: Requirement | null;
  /** Identifier of the resource asked for; null is the default resource. */
  readonly audience: string | typeof anyAudience | null;
  /** How many calls this one counts for; 0 asks without counting. */
  readonly cost: number;
  /** The request itself, for a verifier in the same process; one across the network ignores it. */
  readonly request?: RequestToVerify;
}

/** Decides about credentials. The server's own and the HTTP client of the published middleware both have this shape. */
export type Verify = (question: VerificationQuestion) => Promise<Verification>;
