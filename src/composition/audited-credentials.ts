import type { AuditFields, AuditNote } from '../audit/audit-event.ts';
import { auditOrigin } from '../audit/audit-origin.ts';
import type { AuditTrail } from '../audit/record-audit.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import type { KeyGraces } from '../credentials/key-grace.ts';

/** Makes every change of tokens and keys leave its event. */
export function auditedCredentials(trail: AuditTrail, credentials: CredentialRepository): CredentialRepository {
  const find = async (id: number): Promise<Credential | null> =>
    (await credentials.find('api_key', id)) ?? credentials.find('personal_access_token', id);

  return {
    ...credentials,
    insert: (credential) =>
      trail.around(
        () => credentials.insert(credential),
        (issued) => ({
          action: issued.kind === 'api_key' ? 'key.issued' : 'token.issued',
          target: issued.id,
          workspaceId: issued.workspaceId,
          ...ownerOf(issued),
          after: fieldsOf(issued),
        }),
      ),
    async update(id, changes, insteadOf) {
      let before: Credential | null = null;
      return trail.around(
        async () => {
          before = await find(id);
          return credentials.update(id, changes, insteadOf);
        },
        (changed) =>
          changed && {
            action: changed.kind === 'api_key' ? 'key.changed' : 'token.changed',
            target: id,
            workspaceId: changed.workspaceId,
            before: before && fieldsOf(before),
            after: fieldsOf(changed),
          },
      );
    },
    rotate: (id, rotation) =>
      trail.around(
        () => credentials.rotate(id, rotation),
        (rotated) =>
          rotated && {
            action: 'key.rotated',
            target: id,
            workspaceId: rotated.credential.workspaceId,
            before: { id },
            after: { id: rotated.credential.id, works_until: rotated.replaces.expiresAt },
          },
      ),
    async revoke(id, reason) {
      let before: Credential | null = null;
      return trail.around(
        async () => {
          before = await find(id);
          return credentials.revoke(id, reason);
        },
        (ended) => (ended ? { ...endOf(id, before), after: { reason } } : null),
      );
    },
    revokeTokensOf: (userId, reason) =>
      trail.around(
        () => credentials.revokeTokensOf(userId, reason),
        (ids) => ({ action: 'tokens.revoked_all', target: userId, after: { ids, reason } }),
      ),
  };
}

/** Makes every change of a grace leave its event. */
export function auditedKeyGraces(
  trail: AuditTrail,
  graces: KeyGraces,
  credentials: Pick<CredentialRepository, 'find'>,
): KeyGraces {
  return {
    ...graces,
    async move(keyId, endsAt) {
      let before: Credential | null = null;
      return trail.around(
        async () => {
          before = await credentials.find('api_key', keyId);
          return graces.move(keyId, endsAt);
        },
        (moved) =>
          moved && before !== null
            ? {
                action: 'key.changed',
                target: keyId,
                workspaceId: before.workspaceId,
                before: { expires_at: before.expiresAt },
                after: { expires_at: endsAt },
              }
            : null,
      );
    },
  };
}

/** Only a key can be gone from sight before it is ended: one whose grace is over. */
function endOf(id: number, before: Credential | null): AuditNote {
  const note = { target: id, before: before && fieldsOf(before), ...bySecretAlone(id, before) };
  if (before === null) return { action: 'key.revoked', ...note };
  const action = before.kind === 'api_key' ? 'key.revoked' : 'token.revoked';
  return { action, workspaceId: before.workspaceId, ...note };
}

/** Where nobody has presented a credential (RFC 7009), it was ended by whoever holds its secret. */
function bySecretAlone(id: number, before: Credential | null): Pick<AuditNote, 'credential'> {
  const { request, caller } = auditOrigin();
  return request !== null && caller === null ? { credential: { type: before?.kind ?? 'api_key', id } } : {};
}

/** Whoever signs in for a token has no credential yet. */
function ownerOf({ userId }: Credential): Pick<AuditNote, 'actor'> {
  const { request, caller } = auditOrigin();
  return request !== null && caller === null && userId !== null ? { actor: { type: 'user', id: userId } } : {};
}

function fieldsOf(credential: Credential): AuditFields {
  return {
    name: credential.name,
    scopes: credential.scopes,
    environment: credential.environment,
    rate_limit_tier: credential.rateLimitTier,
    expires_at: credential.expiresAt,
    ...(credential.userId !== null && { user_id: credential.userId }),
  };
}
