import { matchClientSecret } from '../crypto/client-secret.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';

/** The live secrets of a client: their hashes, and the ids of their rows in the same order. */
export interface LiveSecrets {
  readonly secretHashes: readonly string[];
  readonly secretIds: readonly string[];
}

/** Tells whether a presented secret is a live one of a client. */
export type MatchLiveSecret = (presented: string, secrets: LiveSecrets) => boolean;

/** Builds the comparison; `noteUse` learns which secret it was, and must neither wait nor throw. */
export function matchLiveSecret(peppers: KeyRing, noteUse: (secretId: string) => void): MatchLiveSecret {
  return (presented, { secretHashes, secretIds }) => {
    const match = matchClientSecret(presented, secretHashes, peppers);
    if (match === null) return false;
    const id = secretIds[secretHashes.indexOf(match)];
    if (id !== undefined) noteUse(id);
    return true;
  };
}
