import { Conflict, InvalidInput, NotFound } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { Credential, IssuedCredential, ReplacedCredential } from './credential.ts';
import type { CredentialKind } from './credential-kind.ts';
import type { CredentialRepository } from './credential-repository.ts';
import { expiryFaults, type Grantor, heldFaults } from './grantor.ts';
import { directly, drawUntilFree, type Within } from './issue-credential.ts';

/** Both keys work for so long unless somebody says otherwise; seconds. */
export const defaultGraceSeconds = 86_400;

/** The longest grace there is; seconds. */
export const longestGraceSeconds = 604_800;

/** What rotating needs. */
export interface RotateCredentialDeps {
  readonly credentials: Pick<CredentialRepository, 'find' | 'rotate'>;
  readonly catalog: ScopeCatalog;
  readonly clock: () => Date;
}

/** Which key is replaced, and how. */
export interface RotateCredentialInput {
  readonly kind: CredentialKind;
  readonly id: number;
  readonly grantor: Grantor;
  readonly createdBy: number | null;
  /** 0 ends the old key at once. */
  readonly graceSeconds: number;
  /** End of the new key; undefined is that of the old one. */
  readonly expiresAt: Date | null | undefined;
  readonly within?: Within;
}

/** A new key, and the one it replaces. */
export interface RotatedCredential extends IssuedCredential {
  readonly replaces: ReplacedCredential;
}

/**
 * Builds the use case that replaces a key by a new one with the same scopes and settings. Throws `NotFound`,
 * `InvalidInput` where the caller does not hold what the key may do, and `Conflict` while another rotation is under way.
 */
export function rotateCredential(
  deps: RotateCredentialDeps,
): (input: RotateCredentialInput) => Promise<RotatedCredential> {
  return async ({ kind, id, grantor, createdBy, graceSeconds, expiresAt, within = directly }) => {
    const present = await deps.credentials.find(kind.name, id);
    if (present === null) throw new NotFound();
    const errors = {
      ...heldFaults(deps.catalog, grantor, present.scopes, 'rotate a key with'),
      ...endFaults(deps, expiresAt),
    };
    if (Object.keys(errors).length > 0) throw new InvalidInput(errors);
    refuseUnrotatable(present);
    const { scopes } = present;
    return drawUntilFree(
      () => kind.draw(present.environment),
      async (secret) => {
        const rotation = { scopes, graceSeconds, expiresAt, createdBy, secret: secret.stored };
        const rotated = await within(
          async () => {
            const result = await deps.credentials.rotate(id, rotation);
            // Somebody else was faster; what a claim around this has written is undone with it.
            if (result === null) throw new Conflict('This key was rotated, changed or ended at the same time.');
            return result;
          },
          ({ credential }) => credential.id,
        );
        return { ...rotated, text: secret.write(rotated.credential.id) };
      },
    );
  };
}

function endFaults(
  { clock }: RotateCredentialDeps,
  expiresAt: Date | null | undefined,
): ReturnType<typeof expiryFaults> {
  return expiresAt === undefined ? {} : expiryFaults(clock(), expiresAt);
}

function refuseUnrotatable({ state, replacedBy, replaces }: Credential): void {
  if (state === 'expired') throw new Conflict('This key has expired. Create a new one instead.');
  if (replacedBy !== null) {
    throw new Conflict('This key is being replaced already.', { replaced_by: replacedBy });
  }
  if (replaces !== null) {
    throw new Conflict('This key is replacing another one that still works. Rotate it when that one has ended.', {
      replaces: replaces.id,
    });
  }
}
