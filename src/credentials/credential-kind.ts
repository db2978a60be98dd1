import type { Duration } from '../core/duration.ts';
import type { Environment } from '../core/principal.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { sha256 } from '../crypto/digest.ts';
import { writeMatchProof } from '../crypto/match-proof.ts';
import type { SecretHasher } from '../crypto/secret-hasher.ts';
import type { CredentialKindName } from './credential.ts';
import { formatPersonalAccessToken, generateApiKey, generateTokenSecret, hintOf } from './token-format.ts';

/** What is stored of a secret, under the columns of either kind. */
export interface StoredSecret {
  readonly hint: string;
  readonly publicId: string | null;
  readonly tokenHash: Buffer | null;
  readonly keyHash: string | null;
  readonly matchProof: Buffer | null;
  readonly pepperId: string | null;
}

/** A secret that was just drawn. */
export interface DrawnSecret {
  readonly stored: StoredSecret;
  /** Writes the plain text; a token carries the id that its row was given. */
  readonly write: (id: number) => string;
}

/** One kind of credential, described: everything in which the two differ when they are issued. */
export interface CredentialKind {
  readonly name: CredentialKindName;
  /** Whom it acts for. */
  readonly actsFor: 'user' | 'workspace';
  /** Whether nobody's naming a scope means the defaults of the vocabulary. */
  readonly hasDefaultScopes: boolean;
  /** How long it lives when nobody says; null is for ever. */
  readonly defaultLife: Duration | null;
  readonly draw: (environment: Environment | null) => Promise<DrawnSecret>;
}

/** Describes personal access tokens: SHA-256, because 238 random bits need no more. */
export function personalAccessTokenKind(defaultLife: Duration | null): CredentialKind {
  return {
    name: 'personal_access_token',
    actsFor: 'user',
    hasDefaultScopes: true,
    defaultLife,
    draw: async () => {
      const secret = generateTokenSecret();
      return {
        stored: { ...NOTHING, hint: hintOf(secret), tokenHash: sha256(secret) },
        write: (id) => formatPersonalAccessToken(id, secret),
      };
    },
  };
}

/** Describes API keys: bcrypt, and beside it the proof that spares verification from running it. */
export function apiKeyKind(deps: {
  readonly peppers: KeyRing;
  readonly hashKey: SecretHasher['hashKey'];
}): CredentialKind {
  return {
    name: 'api_key',
    actsFor: 'workspace',
    hasDefaultScopes: false,
    defaultLife: null,
    draw: async (environment) => {
      const { text, publicId } = generateApiKey(environment ?? 'live');
      const keyHash = await deps.hashKey(text);
      const { proof, pepperId } = writeMatchProof(deps.peppers, publicId, keyHash, text);
      const hint = text.slice(0, text.indexOf(publicId) + publicId.length);
      return { stored: { ...NOTHING, hint, publicId, keyHash, matchProof: proof, pepperId }, write: () => text };
    },
  };
}

const NOTHING = { publicId: null, tokenHash: null, keyHash: null, matchProof: null, pepperId: null } as const;
