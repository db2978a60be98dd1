import type { KeyRing } from '../crypto/derive-keys.ts';
import { generateSigningKey, openSigningKey, type PrivateJwk } from './signing-key.ts';
import type { SigningKeyRepository } from './signing-key-repository.ts';

/** Opens the published signing keys, the signing one first, and makes the first key of a new installation. */
export async function loadSigningKeys(
  repository: SigningKeyRepository,
  sealingKeys: KeyRing,
): Promise<readonly PrivateJwk[]> {
  let published = await repository.listPublished();
  if (published.length === 0) {
    await repository.insertFirst(await generateSigningKey(sealingKeys));
    published = await repository.listPublished();
  }
  return published.map((key) => openSigningKey(sealingKeys, key));
}
