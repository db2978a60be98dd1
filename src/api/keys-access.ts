import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { InvalidInput, NotFound } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import { type Grantor, refusedBy } from '../credentials/grantor.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import { unauthorizedAction } from './role-guard.ts';
import type { ApiCall } from './route.ts';
import { rowId } from './row-id.ts';

/** A caller, whatever they send along. */
export type CredentialCaller = Pick<ApiCall<unknown, unknown>, 'principal' | 'limits'>;

/** What decides in which workspace a caller may issue what. */
export interface GrantorDeps {
  readonly catalog: ScopeCatalog;
  readonly findWorkspace: (id: number) => Promise<Workspace | null>;
  readonly limitsOfMember: LimitsOfMember;
  /** True for what belongs to the workspace itself, which an administrator of the server manages everywhere. */
  readonly administratorsEverywhere: boolean;
}

/** Says what bounds a member of a workspace who is there in person; null for somebody who is no member. */
export type LimitsOfMember = (userId: number, workspace: Workspace) => Promise<EffectiveScopeInputs | null>;

/** Finds out what somebody may grant in a workspace; null where they may not use `scope` at all. */
export type FindGrantor = (
  caller: CredentialCaller,
  workspaceId: number | null,
  scope: string,
) => Promise<Grantor | null>;

/**
 * Builds the finder. A credential acts in the one workspace it is bound to, a person in a session in every one they are a
 * member of, and an administrator of the server, for keys, everywhere; never beyond what they hold and what the place allows.
 */
export function findGrantor(deps: GrantorDeps): FindGrantor {
  async function limitsIn(caller: CredentialCaller, workspace: Workspace): Promise<readonly EffectiveScopeInputs[]> {
    const { principal, limits } = caller;
    if (workspace.id === principal.workspaceId) return [limits];
    const userId = principal.credential.type === 'session' ? userIdOf(caller) : null;
    const asMember = userId === null ? null : await deps.limitsOfMember(userId, workspace);
    if (asMember !== null) return [asMember];
    const isAdministrator = deps.administratorsEverywhere && principal.scopes.includes('admin:users');
    return isAdministrator ? [limits, limitsOfPlace(workspace)] : [];
  }

  return async (caller, workspaceId, scope) => {
    const id = workspaceId ?? caller.principal.workspaceId;
    const workspace = id === null ? null : await deps.findWorkspace(id);
    if (workspace === null) return null;
    const grantor: Grantor = {
      limits: await limitsIn(caller, workspace),
      workspace: { id: workspace.id, tier: workspace.rateLimitTier },
      mayRaiseTier: caller.principal.scopes.includes('admin:users'),
    };
    return refusedBy(deps.catalog, grantor, [scope]).length === 0 ? grantor : null;
  };
}

/** What holds for everybody who acts in a workspace. */
function limitsOfPlace({ scopes, own }: Workspace): EffectiveScopeInputs {
  return { grant: null, role: null, client: null, workspace: scopes, ownWorkspace: own };
}

/** The user who calls, or null where a program or a key does. */
export function userIdOf({ principal: { subject } }: Pick<CredentialCaller, 'principal'>): number | null {
  return subject.type === 'user' && typeof subject.id === 'number' ? subject.id : null;
}

/** Answers 422 on `workspace_id` where somebody may not issue credentials in the workspace they name. */
export async function requireGrantor(
  find: FindGrantor,
  caller: CredentialCaller,
  workspaceId: number | undefined,
  scope: string,
): Promise<Grantor> {
  const grantor = await find(caller, workspaceId ?? null, scope);
  if (grantor !== null) return grantor;
  throw new InvalidInput({ workspace_id: ['This is no workspace in which you may do this.'] });
}

/** A key, and what the caller may grant where it belongs. */
export interface ReachedKey {
  readonly key: Credential;
  readonly grantor: Grantor;
}

/** Builds the finder of keys that a caller manages; throws `NotFound` for those of others. */
export function findManagedKey(deps: {
  readonly credentials: Pick<CredentialRepository, 'find'>;
  readonly findGrantor: FindGrantor;
}): (caller: CredentialCaller, id: string | undefined) => Promise<ReachedKey> {
  return async (caller, id) => {
    const key = await deps.credentials.find('api_key', rowId(id));
    const grantor = key === null ? null : await deps.findGrantor(caller, key.workspaceId, 'keys:manage');
    if (key === null || grantor === null) throw new NotFound();
    return { key, grantor };
  };
}

/** The key of a rotation that is on its way out may not decide about the one that replaces it: 403. */
export function refuseSuccessor({ principal: { credential } }: CredentialCaller, key: Credential): void {
  if (credential.type === 'api_key' && key.replaces?.id === credential.id) {
    throw unauthorizedAction('a key that is being replaced does not manage the key that replaces it');
  }
}
