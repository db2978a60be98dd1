import type { CredentialType, Environment } from '../core/principal.ts';
import type { CountableCall, CountedCall } from '../rate-limits/pg-call-counter.ts';
import type { AccessTokenClaims } from './access-token-jwt.ts';

/**
 * By what a credential is looked up; nothing here proves anything yet, save the digests and the signed claims. Digests are
 * SHA-256, in hexadecimal.
 */
export type LookupKey =
  | { readonly kind: 'oauth_token'; readonly hash: string }
  | {
      readonly kind: 'access_token';
      readonly claims: AccessTokenClaims;
      readonly revokedHashes: readonly [string, string];
      /** What the claims are as parameters of the lookup, in their order, written once for as long as the token is known. */
      readonly parameters: readonly string[];
    }
  | { readonly kind: 'personal_access_token'; readonly id: number }
  | { readonly kind: 'api_key'; readonly publicId: string }
  | { readonly kind: 'session'; readonly hash: string };

/** What is stored of a secret, for the kinds that are looked up by something public; bytes in hexadecimal. */
export type StoredProof =
  | { readonly kind: 'none' }
  | { readonly kind: 'digest'; readonly digest: string }
  | {
      readonly kind: 'key';
      readonly publicId: string;
      readonly keyHash: string;
      readonly proof: string | null;
      readonly pepperId: string | null;
    };

/** Everything a verdict depends on, as it stands in the database at this moment. */
export interface CredentialRecord {
  readonly type: CredentialType;
  readonly id: number | string;
  readonly name: string | null;
  readonly environment: Environment | null;
  readonly expiresAt: Date | null;
  readonly expired: boolean;
  readonly revoked: boolean;
  /** True for a key that was rotated and works until its grace ends. */
  readonly replaced: boolean;
  readonly proof: StoredProof;
  /** The resource the credential is for; null where a kind has no audience of its own. */
  readonly audience: string | null;
  /** Scope entries the credential was granted; null for a session, which may do what its user may. */
  readonly grant: readonly string[] | null;
  readonly user: { readonly id: number; readonly disabled: boolean; readonly role: string | null } | null;
  readonly client: { readonly id: string; readonly scopes: readonly string[] } | null;
  readonly workspace: {
    readonly id: number;
    readonly scopes: readonly string[];
    readonly suspended: boolean;
    readonly own: boolean;
    readonly tier: string;
  } | null;
  /** The tier of the credential itself; null where its workspace's counts. */
  readonly tier: string | null;
  /** What its calls are limited under; a key and the key that replaces it share one. */
  readonly bucket: string;
  /** What its use is recorded under. */
  readonly meter: string;
  /** What its bucket has used in the window that began then; null before the first use. */
  readonly used: { readonly amount: number; readonly windowStartSeconds: number } | null;
  /** The database's clock, epoch seconds. */
  readonly nowSeconds: number;
  /** Names the state of every row that the record was read from; another one after each change. */
  readonly version: string;
}

/** A question for a record. */
export interface LookupQuestion {
  readonly key: LookupKey;
  /** The record as it was read the last time, if it is known. */
  readonly known: CredentialRecord | null;
  /** What is to be counted if `known` still stands and has not expired. */
  readonly call: CountableCall | null;
}

/** A question about a record that is known. */
export type KnownQuestion = LookupQuestion & { readonly known: CredentialRecord };

/** What a question finds: the record as it stands, that its call was counted because `known` stands, or null for no record. */
export type LookupAnswer = CredentialRecord | CountedCall | null;

/** Asks for the record behind a key. Fails with `DependencyDown`. */
export type FindCredentialRecord = (question: LookupQuestion) => Promise<LookupAnswer>;
