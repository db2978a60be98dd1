import { NotFound } from '../core/errors.ts';
import { type Member, ownerRole } from '../workspaces/membership.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import type { WorkspaceRepository } from '../workspaces/workspace-repository.ts';
import { type RoleGuard, unauthorizedAction } from './role-guard.ts';
import type { ApiCall } from './route.ts';
import { rowId } from './row-id.ts';

/** A caller, whatever they send along. */
export type Caller = Pick<ApiCall<unknown, unknown>, 'principal' | 'limits'>;

/** Roles whose holders manage the members of their own workspace. */
const MANAGING_ROLES: readonly string[] = [ownerRole, 'admin'];

/** Who may do what to which workspace. What a caller may not see is not found. */
export interface WorkspaceAccess {
  /** Tells whether the caller administrates the whole server. */
  isAdministrator(caller: Caller): boolean;
  /** The id of the user whose workspaces the caller sees; null where the credential sees the one it is bound to. */
  seesAllOf(caller: Caller): number | null;
  /** Finds a workspace that the caller administrates, is a member of, or belongs to. */
  findVisible(caller: Caller, id: string | undefined): Promise<Workspace>;
  /** Finds a workspace whose members the caller may see: with a credential that carries their whole role. */
  findWithMembers(caller: Caller, id: string | undefined): Promise<Workspace>;
  /** Finds a workspace whose members the caller may change: an owner or admin of it, or an administrator of the server. */
  findManaged(caller: Caller, id: string | undefined): Promise<Workspace>;
}

/** Builds the rules of access to workspaces. */
export function workspaceAccess(deps: {
  readonly workspaces: Pick<WorkspaceRepository, 'find' | 'findMember'>;
  readonly guard: RoleGuard;
}): WorkspaceAccess {
  const isAdministrator = ({ principal }: Caller): boolean => principal.scopes.includes('admin:users');
  const userIdOf = ({ principal: { subject } }: Caller): number | null =>
    subject.type === 'user' && typeof subject.id === 'number' ? subject.id : null;
  const seesAllOf = (caller: Caller): number | null =>
    caller.principal.credential.type === 'session' ? userIdOf(caller) : null;

  async function memberOf(caller: Caller, workspaceId: number): Promise<Member | null> {
    const userId = userIdOf(caller);
    return userId === null ? null : deps.workspaces.findMember(workspaceId, userId);
  }

  async function findVisible(caller: Caller, parameter: string | undefined): Promise<Workspace> {
    const id = rowId(parameter);
    const isBound = caller.principal.workspaceId === id;
    const mayBeMember = isBound || seesAllOf(caller) !== null;
    const isMember = mayBeMember && (await memberOf(caller, id)) !== null;
    const belongs = isBound && userIdOf(caller) === null;
    const workspace = isAdministrator(caller) || isMember || belongs ? await deps.workspaces.find(id) : null;
    if (workspace === null) throw new NotFound();
    return workspace;
  }

  /** An app that was let in to read posts does not act for an owner as an owner. */
  async function findAs(
    caller: Caller,
    parameter: string | undefined,
    accepts: (role: string) => boolean,
  ): Promise<Workspace> {
    const workspace = await findVisible(caller, parameter);
    if (isAdministrator(caller)) return workspace;
    const role =
      caller.principal.workspaceId === workspace.id ? (await memberOf(caller, workspace.id))?.role : undefined;
    if (role !== undefined && accepts(role) && deps.guard.holds(caller.limits, [role])) return workspace;
    throw unauthorizedAction('the caller does not act in this workspace with a role that may');
  }

  return {
    isAdministrator,
    seesAllOf,
    findVisible,
    findWithMembers: (caller, id) => findAs(caller, id, () => true),
    findManaged: (caller, id) => findAs(caller, id, (role) => MANAGING_ROLES.includes(role)),
  };
}
