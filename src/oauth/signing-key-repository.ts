import type { StoredSigningKey } from './signing-key.ts';

/** Where signing keys are kept. */
export interface SigningKeyRepository {
  /** Keys that are published now: the active ones first, the newest of them in front, then those that wait for their turn. */
  listPublished(): Promise<readonly StoredSigningKey[]>;
  /** Stores the first key of an installation; of several processes that try at once, one succeeds. */
  insertFirst(key: Pick<StoredSigningKey, 'kid' | 'alg' | 'publicJwk' | 'sealedPrivateJwk'>): Promise<void>;
}
