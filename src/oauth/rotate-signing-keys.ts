import { Conflict } from '../core/errors.ts';
import type { KeyRing } from '../crypto/derive-keys.ts';
import { lifetimes } from './lifetimes.ts';
import { generateSigningKey, type PublishedSigningKey } from './signing-key.ts';
import type { SigningKeyRepository } from './signing-key-repository.ts';

/** How long a new key is only published: as long as others may keep a copy of the key set (its `max-age`). */
export const publishedBeforeSigningSeconds = 300;

/** For processes that notice late and for clocks of others that run behind. */
const MARGIN_SECONDS = 600;

/** How long a replaced key stays published: the longest life of a token it signed (ID tokens; JWT access tokens live 5 minutes), and a margin. */
export const publishedAfterSigningSeconds = lifetimes.IdToken + MARGIN_SECONDS;

/** What a rotation needs. */
export interface RotateSigningKeysDeps {
  readonly repository: Pick<SigningKeyRepository, 'listPublished' | 'rotate'>;
  readonly sealingKeys: KeyRing;
  /** Makes this process publish the new key now; the others notice on their own. */
  readonly refresh: () => Promise<void>;
}

/** How urgent a rotation is. */
export interface RotateSigningKeysInput {
  /** Signs with the new key at once instead of after the caches had time to learn it. */
  readonly immediately?: boolean;
  /** For a key that leaked: at once, and whatever the keys before signed is good no longer. */
  readonly withdraw?: boolean;
}

/** Puts a new signing key in the place of the present one and gives it back; throws `Conflict` while another rotation is under way. */
export function rotateSigningKeys(
  deps: RotateSigningKeysDeps,
): (input?: RotateSigningKeysInput) => Promise<PublishedSigningKey> {
  return async ({ immediately = false, withdraw = false } = {}) => {
    const atOnce = immediately || withdraw;
    const key = await generateSigningKey(deps.sealingKeys);
    const rotated = await deps.repository.rotate(key, {
      waitSeconds: atOnce ? 0 : publishedBeforeSigningSeconds,
      keepSeconds: publishedAfterSigningSeconds,
      withdraw,
    });
    if (!rotated) {
      throw new Conflict(
        atOnce
          ? 'The signing key was replaced less than a minute ago.'
          : 'A rotation is under way: the new signing key does not sign yet.',
      );
    }
    await deps.refresh();
    const stored = (await deps.repository.listPublished()).find(({ kid }) => kid === key.kid);
    if (stored === undefined) throw new Error(`the signing key ${key.kid} was withdrawn as it was made`);
    return stored;
  };
}
