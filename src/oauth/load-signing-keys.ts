import type { KeyRing } from '../crypto/derive-keys.ts';
import { generateSigningKey, openSigningKey, type PrivateJwk, resealSigningKey } from './signing-key.ts';
import type { SigningKeyRepository } from './signing-key-repository.ts';

/**
 * Opens the published signing keys, the signing one first, and makes the first key of a new installation. Keys that an
 * older secret key sealed are sealed with the current one, so that the older may be dropped after every server has started.
 */
export async function loadSigningKeys(
  repository: SigningKeyRepository,
  sealingKeys: KeyRing,
): Promise<readonly PrivateJwk[]> {
  let published = await repository.listPublished();
  if (published.length === 0) {
    await repository.insertFirst(await generateSigningKey(sealingKeys));
    published = await repository.listPublished();
  }
  for (const key of published) {
    const resealed = resealSigningKey(sealingKeys, key);
    if (resealed !== null) await repository.reseal(key.kid, key.sealedPrivateJwk, resealed);
  }
  return published.map((key) => openSigningKey(sealingKeys, key));
}
