import type { Member, Membership, NamedMembership } from './membership.ts';
import type { Workspace } from './workspace.ts';

/** What may change about a workspace; what is absent stays. */
export interface WorkspaceChanges {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly rateLimitTier?: string;
}

/** Where workspaces and memberships are kept. */
export interface WorkspaceRepository {
  find(id: number): Promise<Workspace | null>;
  /** The server's own workspace, or null before the first start has made it. */
  findOwn(): Promise<Workspace | null>;
  /** Workspaces in the order of their ids, those after `afterId`; all, or those of a member, or with `matching` in their name. */
  list(page: {
    readonly memberId: number | null;
    readonly limit: number;
    readonly afterId: number;
    readonly matching?: string | undefined;
  }): Promise<readonly Workspace[]>;
  insert(workspace: { readonly name: string; readonly own: boolean }): Promise<Workspace>;
  /** Null when there is no such workspace. */
  update(id: number, changes: WorkspaceChanges): Promise<Workspace | null>;
  /** Suspending twice keeps the first time; null when there is no such workspace. */
  setSuspended(id: number, suspended: boolean): Promise<Workspace | null>;
  /** Gives a user a role, replacing the one they had. */
  setRole(workspaceId: number, userId: number, role: string): Promise<void>;
  /** Makes a user a member; false when they are one already. */
  addMember(membership: Membership): Promise<boolean>;
  findMember(workspaceId: number, userId: number): Promise<Member | null>;
  /** Members in the order of the users' ids, those after `afterUserId`. */
  listMembers(
    workspaceId: number,
    page: { readonly limit: number; readonly afterUserId: number },
  ): Promise<readonly Member[]>;
  removeMember(workspaceId: number, userId: number): Promise<void>;
  /** Every membership of these users, in the order of the workspaces' ids. */
  membershipsOf(userIds: readonly number[]): Promise<readonly NamedMembership[]>;
  /** Makes others who change the members of this workspace wait until the transaction ends. */
  lockMembers(workspaceId: number): Promise<void>;
  /** Tells whether somebody else, not disabled, has the role. */
  hasOtherWithRole(workspaceId: number, userId: number, role: string): Promise<boolean>;
  /** Tells whether somebody who is not disabled has one of the roles in the server's own workspace. */
  hasMemberWithRole(roles: readonly string[]): Promise<boolean>;
}
