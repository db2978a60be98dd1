import type { Middleware } from 'koa';
import { type AuthLoginDeps, authLogin } from '../api/auth-login.ts';
import { idempotency, type Once, type RefuseRepeat } from '../api/idempotency.ts';
import { keyAttentionRoutes } from '../api/key-attention.ts';
import { keyGraceRoutes } from '../api/key-grace.ts';
import { keyRoutes } from '../api/keys.ts';
import { type FindGrantor, findGrantor, type LimitsOfMember } from '../api/keys-access.ts';
import { type MeRoutesDeps, meRoutes } from '../api/me.ts';
import { myPasswordRoutes } from '../api/my-password.ts';
import type { AnyRoute } from '../api/route.ts';
import { tokenRoutes } from '../api/tokens.ts';
import { systemClock } from '../core/clock.ts';
import { changeCredential } from '../credentials/change-credential.ts';
import { apiKeyKind, type CredentialKind, personalAccessTokenKind } from '../credentials/credential-kind.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import { issueCredential } from '../credentials/issue-credential.ts';
import type { FindKeyAttention, ListKeyMakers } from '../credentials/key-attention.ts';
import { type KeyGraces, moveGraceEnd } from '../credentials/key-grace.ts';
import { knexCredentialRepository } from '../credentials/knex-credential-repository.ts';
import { knexIdempotencyKeys } from '../credentials/knex-idempotency-keys.ts';
import { knexKeyAttention, knexKeyMakers } from '../credentials/knex-key-attention.ts';
import { knexKeyGraces } from '../credentials/knex-key-graces.ts';
import { listCredentials } from '../credentials/list-credentials.ts';
import { revokeCredential } from '../credentials/revoke-credential.ts';
import { rotateCredential } from '../credentials/rotate-credential.ts';
import { deriveKeys } from '../crypto/derive-keys.ts';
import type { SecretHasher } from '../crypto/secret-hasher.ts';
import type { UnitOfWork } from '../db/transaction.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import type { People } from './compose-people.ts';
import type { Installation } from './open-installation.ts';

/** What tokens and keys stand on. */
export interface CredentialsDeps {
  readonly unit: UnitOfWork;
  readonly hasher: Pick<SecretHasher, 'hashKey'>;
  readonly workspaces: Pick<WorkspaceRepository, 'find' | 'findMember'>;
  /** Wraps what changes, for the audit. */
  readonly audited?: (repository: CredentialRepository) => CredentialRepository;
  readonly auditedGraces?: (graces: KeyGraces) => KeyGraces;
}

/** Tokens and keys, wired. */
export interface Credentials {
  readonly credentials: CredentialRepository;
  readonly tokenKind: CredentialKind;
  readonly keyKind: CredentialKind;
  readonly issue: ReturnType<typeof issueCredential>;
  readonly list: ReturnType<typeof listCredentials>;
  readonly change: ReturnType<typeof changeCredential>;
  readonly rotate: ReturnType<typeof rotateCredential>;
  readonly revoke: ReturnType<typeof revokeCredential>;
  readonly graces: KeyGraces;
  readonly moveGraceEnd: ReturnType<typeof moveGraceEnd>;
  readonly findAttention: FindKeyAttention;
  readonly listMakers: ListKeyMakers;
  readonly limitsOfMember: LimitsOfMember;
  /** Who may issue and manage API keys where. */
  readonly findKeyGrantor: FindGrantor;
  /** Who may issue themselves personal access tokens where. */
  readonly findTokenGrantor: FindGrantor;
  /** For every route that makes a credential. */
  readonly once: Once;
  readonly refuseRepeat: RefuseRepeat;
}

/** Wires personal access tokens and API keys onto a database. */
export function composeCredentials(
  { config, catalog, secretKeys }: Pick<Installation, 'config' | 'catalog' | 'secretKeys'>,
  { unit, hasher, workspaces, audited = (it) => it, auditedGraces = (it) => it }: CredentialsDeps,
): Credentials {
  const credentials = audited(knexCredentialRepository(unit.current));
  const graces = auditedGraces(knexKeyGraces(unit.current));
  const deps = { credentials, catalog, clock: systemClock };
  const limitsOfMember: LimitsOfMember = async (userId, workspace) => {
    const member = await workspaces.findMember(workspace.id, userId);
    if (member === null) return null;
    const role = catalog.role(member.role) ?? [];
    return { grant: null, role, client: null, workspace: workspace.scopes, ownWorkspace: workspace.own };
  };
  const grantor = { catalog, findWorkspace: workspaces.find, limitsOfMember };
  return {
    credentials,
    tokenKind: personalAccessTokenKind(config.tokenExpiration),
    keyKind: apiKeyKind({ peppers: deriveKeys(secretKeys, 'pepper'), hashKey: hasher.hashKey }),
    issue: issueCredential(deps),
    list: listCredentials(deps),
    change: changeCredential(deps),
    rotate: rotateCredential(deps),
    revoke: revokeCredential(deps),
    graces,
    moveGraceEnd: moveGraceEnd({ graces, catalog, clock: systemClock }),
    findAttention: knexKeyAttention(unit.current),
    listMakers: knexKeyMakers(unit.current),
    limitsOfMember,
    findKeyGrantor: findGrantor({ ...grantor, administratorsEverywhere: true }),
    findTokenGrantor: findGrantor({ ...grantor, administratorsEverywhere: false }),
    ...idempotency({ keys: knexIdempotencyKeys(unit.current), together: unit.run }),
  };
}

/** What the routes of tokens and keys need beside them. */
export interface CredentialRoutesDeps {
  readonly credentials: Credentials;
  readonly people: Pick<People, 'users' | 'confirmPassword' | 'changePassword'>;
  readonly workspaces: Pick<WorkspaceRepository, 'find'>;
  readonly findClient: MeRoutesDeps['findClient'];
  readonly agreedScopes: MeRoutesDeps['agreedScopes'];
}

/** Wires the routes of personal access tokens and API keys, and the one that says who the caller is. */
export function credentialRoutes({
  credentials,
  people,
  workspaces,
  findClient,
  agreedScopes,
}: CredentialRoutesDeps): readonly AnyRoute[] {
  const { tokenKind, keyKind, findKeyGrantor, findTokenGrantor, ...wired } = credentials;
  return [
    ...tokenRoutes({
      ...wired,
      kind: tokenKind,
      findGrantor: findTokenGrantor,
      confirmPassword: people.confirmPassword,
    }),
    // Before those of one key: `attention` is no id.
    ...keyAttentionRoutes({ ...wired, findGrantor: findKeyGrantor }),
    ...keyGraceRoutes({ ...wired, move: wired.moveGraceEnd, findGrantor: findKeyGrantor }),
    ...keyRoutes({ ...wired, kind: keyKind, findGrantor: findKeyGrantor }),
    ...myPasswordRoutes({
      changePassword: people.changePassword,
      revokeTokens: (userId) => credentials.credentials.revokeTokensOf(userId, 'password changed'),
    }),
    ...meRoutes({ findUser: people.users.find, findWorkspace: workspaces.find, findClient, agreedScopes }),
  ];
}

/** Wires `POST /auth/login`. */
export function authLoginWith(
  { tokenKind: kind, issue, limitsOfMember }: Credentials,
  deps: Pick<AuthLoginDeps, 'signIn' | 'workspaceOf' | 'findWorkspace' | 'addressOf'>,
): Middleware {
  return authLogin({ kind, issue, limitsOfMember, ...deps });
}
