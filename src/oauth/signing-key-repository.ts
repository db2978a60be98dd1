import type { NewSigningKey, PublishedSigningKey } from './signing-key.ts';

/** Where signing keys are kept. The clock is the database's throughout. */
export interface SigningKeyRepository {
  /** Keys that are published now: the active one first, then the retiring ones (newest first), then those that wait for their turn. */
  listPublished(): Promise<readonly PublishedSigningKey[]>;
  /** Stores the first key of an installation; of several processes that try at once, one succeeds. */
  insertFirst(key: NewSigningKey): Promise<void>;
  /** Stores a key that takes over from the present ones; false, and nothing is changed, while another rotation is under way. */
  rotate(key: NewSigningKey, plan: RotationPlan): Promise<boolean>;
  /** Replaces the sealed private part if it is still `before`. */
  reseal(kid: string, before: string, after: string): Promise<void>;
}

/** How one key takes over from another. */
export interface RotationPlan {
  /** How long the new key is only published, so that every cache has it before it signs; 0 signs at once. */
  readonly waitSeconds: number;
  /** How long the keys before stay published once the new one signs. */
  readonly keepSeconds: number;
  /** Takes the keys before out of the key set at once, whatever they signed. */
  readonly withdraw: boolean;
}
