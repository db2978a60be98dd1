import type { AuditFields, AuditNote } from '../audit/audit-event.ts';
import { auditOrigin } from '../audit/audit-origin.ts';
import type { AuditTrail } from '../audit/record-audit.ts';
import type { Client } from '../clients/client.ts';
import type { ClientRepository } from '../clients/client-repository.ts';
import type { ConsentGiven, RevokedGrant, StoredGrant } from '../oauth/grant.ts';
import type { SigningKeyRepository } from '../oauth/signing-key-repository.ts';
import type { Member } from '../workspaces/membership.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';

/** Makes every change of clients leave its event; `repository` gives one that works on the present transaction. */
export function auditedClients(trail: AuditTrail, repository: () => ClientRepository): ClientRepository {
  return {
    find: (clientId) => repository().find(clientId),
    list: (page) => repository().list(page),
    insert: (settings, secret) =>
      trail.around(
        () => repository().insert(settings, secret),
        ({ client }) => ({
          action: 'client.created',
          target: client.clientId,
          workspaceId: client.workspaceId,
          after: clientFields(client),
        }),
      ),
    async update(clientId, changes) {
      let before: Client | null = null;
      return trail.around(
        async () => {
          before = await repository().find(clientId);
          return repository().update(clientId, changes);
        },
        (changed) =>
          changed && {
            action: 'client.changed',
            target: clientId,
            workspaceId: changed.workspaceId,
            before: before && clientFields(before),
            after: clientFields(changed),
          },
      );
    },
    async delete(clientId) {
      let before: Client | null = null;
      return trail.around(
        async () => {
          before = await repository().find(clientId);
          return repository().delete(clientId);
        },
        (existed) =>
          !existed || before === null
            ? null
            : {
                action: 'client.deleted',
                target: clientId,
                workspaceId: before.workspaceId,
                before: clientFields(before),
              },
      );
    },
    addSecret: (clientId, secret) =>
      trail.around(
        () => repository().addSecret(clientId, secret),
        ({ id, expiresAt }) => ({
          action: 'client_secret.created',
          target: id,
          after: { client_id: clientId, expires_at: expiresAt },
        }),
      ),
    deleteSecret: (clientId, id) =>
      trail.around(
        () => repository().deleteSecret(clientId, id),
        (existed) =>
          existed ? { action: 'client_secret.deleted', target: id, before: { client_id: clientId } } : null,
      ),
  };
}

function clientFields(client: Client): AuditFields {
  return {
    client_name: client.clientName,
    scope: client.scopes,
    grant_types: client.grantTypes,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    token_endpoint_auth_method: client.authMethod,
    application_type: client.applicationType,
    // Public, and long; that they changed is what matters.
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    client_uri: client.clientUri,
    first_party: client.firstParty,
    resource_server: client.resourceServer,
  };
}

/** Makes every change of workspaces and of their members leave its event. */
export function auditedWorkspaces(trail: AuditTrail, workspaces: WorkspaceRepository): WorkspaceRepository {
  return {
    ...workspaces,
    insert: (workspace) =>
      trail.around(
        () => workspaces.insert(workspace),
        (created) => ({
          action: 'workspace.created',
          target: created.id,
          workspaceId: created.id,
          after: workspaceFields(created),
        }),
      ),
    async update(id, changes) {
      let before: Workspace | null = null;
      return trail.around(
        async () => {
          before = await workspaces.find(id);
          return workspaces.update(id, changes);
        },
        (changed) => {
          if (changed === null || before === null || Object.keys(changes).length === 0) return null;
          const [was, is] = [workspaceFields(before), workspaceFields(changed)];
          return { action: 'workspace.changed', target: id, workspaceId: id, before: was, after: is };
        },
      );
    },
    async setSuspended(id, suspended) {
      let before: Workspace | null = null;
      return trail.around(
        async () => {
          before = await workspaces.find(id);
          return workspaces.setSuspended(id, suspended);
        },
        (workspace) => {
          if (workspace === null || (before?.suspendedAt !== null) === suspended) return null;
          const action = suspended ? 'workspace.suspended' : 'workspace.resumed';
          return { action, target: id, workspaceId: id };
        },
      );
    },
    ...auditedMembers(trail, workspaces),
  };
}

function workspaceFields({ name, scopes, rateLimitTier }: Workspace): AuditFields {
  return { name, scopes, rate_limit_tier: rateLimitTier };
}

function auditedMembers(
  trail: AuditTrail,
  workspaces: WorkspaceRepository,
): Pick<WorkspaceRepository, 'addMember' | 'setRole' | 'removeMember'> {
  return {
    addMember: (member) =>
      trail.around(
        () => workspaces.addMember(member),
        (added) => {
          const { workspaceId, userId: target, role } = member;
          return added ? { action: 'member.added', target, workspaceId, after: { role } } : null;
        },
      ),
    async setRole(workspaceId, userId, role) {
      let before: Member | null = null;
      await trail.around(
        async () => {
          before = await workspaces.findMember(workspaceId, userId);
          await workspaces.setRole(workspaceId, userId, role);
        },
        () => {
          if (before?.role === role) return null;
          const action = before === null ? 'member.added' : 'member.changed';
          return { action, target: userId, workspaceId, before: before && { role: before.role }, after: { role } };
        },
      );
    },
    async removeMember(workspaceId, userId) {
      let before: Member | null = null;
      await trail.around(
        async () => {
          before = await workspaces.findMember(workspaceId, userId);
          await workspaces.removeMember(workspaceId, userId);
        },
        () => before && { action: 'member.removed', target: userId, workspaceId, before: { role: before.role } },
      );
    },
  };
}

/** Makes every rotation of the signing keys leave its event; `repository` gives one that works on the present transaction. */
export function auditedSigningKeys(trail: AuditTrail, repository: () => SigningKeyRepository): SigningKeyRepository {
  return {
    listPublished: () => repository().listPublished(),
    insertFirst: (key) => repository().insertFirst(key),
    reseal: (kid, before, after) => repository().reseal(kid, before, after),
    rotate: (key, plan) =>
      trail.around(
        () => repository().rotate(key, plan),
        (rotated) => {
          if (!rotated) return null;
          const action = plan.withdraw ? 'signing_key.withdrawn' : 'signing_key.rotated';
          return { action, target: key.kid, after: { alg: key.alg, signs_in_seconds: plan.waitSeconds } };
        },
      ),
  };
}

/** Makes every consent leave its event. */
export function auditConsent(trail: Pick<AuditTrail, 'record'>): (consent: ConsentGiven) => Promise<void> {
  return ({ grantId, userId, clientId, workspaceId, before, scopes }) =>
    trail.record({
      action: before === null ? 'grant.given' : 'grant.changed',
      target: grantId,
      workspaceId,
      actor: { type: 'user', id: userId },
      before: before && { client_id: clientId, scopes: before },
      after: { client_id: clientId, scopes },
    });
}

/** What the protocol ends tokens and grants for, by where it was asked. */
const PROTOCOL_REASONS: Readonly<Record<string, string>> = {
  '/oauth/token': 'a code or refresh token was presented again',
  '/oauth/revoke': 'the client ended it',
  '/api/credentials/revoke': 'an administrator ended it as leaked',
  '/admin/audit/revoke': 'an administrator ended it as leaked',
};

/** Makes every end of grants leave its events; in a request of nobody else it is the client that acts. */
export function auditRevokedGrants(
  trail: Pick<AuditTrail, 'record'>,
): (grants: readonly RevokedGrant[], reason: string) => Promise<void> {
  return async (grants, given) => {
    const reason = reasonNow(given);
    for (const { id, userId, clientId, workspaceId } of grants) {
      await trail.record({
        action: 'grant.revoked',
        target: id,
        workspaceId,
        ...byClient(clientId),
        before: { client_id: clientId, user_id: userId },
        after: { reason },
      });
    }
  };
}

/** Makes every end of a family of tokens leave its event. */
export function auditedFamilies<Artifacts extends FamilyStore>(
  trail: Pick<AuditTrail, 'around'>,
  artifacts: Artifacts,
  findGrant: (id: string) => Promise<StoredGrant | null>,
): Artifacts {
  return {
    ...artifacts,
    async endFamily(grantId: string, family: string | null) {
      const grant = await findGrant(grantId);
      const clientId = typeof grant?.payload.clientId === 'string' ? grant.payload.clientId : null;
      await trail.around(
        () => artifacts.endFamily(grantId, family),
        () => ({
          action: 'grant.tokens_ended',
          target: grantId,
          workspaceId: grant?.workspaceId ?? null,
          ...byClient(clientId),
          after: { client_id: clientId, reason: reasonNow('ended') },
        }),
      );
    },
  };
}

interface FamilyStore {
  endFamily(grantId: string, family: string | null): Promise<void>;
}

function reasonNow(given: string): string {
  return PROTOCOL_REASONS[auditOrigin().request?.path ?? ''] ?? given;
}

/** In a request of nobody else it is the client that acts. */
function byClient(clientId: string | null): Pick<AuditNote, 'actor'> {
  const { request, caller } = auditOrigin();
  return request !== null && caller === null ? { actor: { type: 'client', id: clientId } } : {};
}
