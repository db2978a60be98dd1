import { Conflict, NotFound } from '../core/errors.ts';
import { type Member, ownerRole } from './membership.ts';
import type { WorkspaceRepository } from './workspace-repository.ts';

/** What changes of memberships need. */
export interface ChangeMembersDeps {
  readonly workspaces: Pick<
    WorkspaceRepository,
    'addMember' | 'findMember' | 'setRole' | 'removeMember' | 'lockMembers' | 'hasOtherWithRole'
  >;
  /** Moves what the user has open in this workspace elsewhere. */
  readonly leaveWorkspace: (userId: number, workspaceId: number) => Promise<void>;
  /** Ends what the user let apps do in this workspace. Without a role none of it counts, so this is for cleanliness. */
  readonly endAccess: (userId: number, workspaceId: number) => Promise<void>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** The three changes; each throws `NotFound` or `Conflict`. That the role exists and may be given is the caller's to check. */
export interface ChangeMembers {
  /** Makes somebody a member; conflicts when they are one. */
  add(workspaceId: number, userId: number, role: string): Promise<Member>;
  /** Gives a member another role; the last owner keeps theirs. */
  changeRole(workspaceId: number, userId: number, role: string): Promise<Member>;
  /** Takes a member out; the last owner stays. */
  remove(workspaceId: number, userId: number): Promise<void>;
}

/** Builds the use cases that change who is in a workspace. */
export function changeMembers(deps: ChangeMembersDeps): ChangeMembers {
  async function present(workspaceId: number, userId: number): Promise<Member> {
    const member = await deps.workspaces.findMember(workspaceId, userId);
    if (member === null) throw new NotFound();
    return member;
  }

  /** Two owners who take the role from each other at the same moment queue up at the lock, and the second is refused. */
  async function refuseWithoutOwner(workspaceId: number, userId: number): Promise<void> {
    await deps.workspaces.lockMembers(workspaceId);
    const { role } = await present(workspaceId, userId);
    if (role !== ownerRole || (await deps.workspaces.hasOtherWithRole(workspaceId, userId, ownerRole))) return;
    throw new Conflict('This is the last owner of the workspace. Make somebody else an owner first.');
  }

  return {
    async add(workspaceId, userId, role) {
      if (!(await deps.workspaces.addMember({ workspaceId, userId, role }))) {
        throw new Conflict('This user is a member of the workspace already.');
      }
      return present(workspaceId, userId);
    },

    changeRole: (workspaceId, userId, role) =>
      deps.together(async () => {
        if (role !== ownerRole) await refuseWithoutOwner(workspaceId, userId);
        else await present(workspaceId, userId);
        await deps.workspaces.setRole(workspaceId, userId, role);
        return present(workspaceId, userId);
      }),

    async remove(workspaceId, userId) {
      await deps.together(async () => {
        await refuseWithoutOwner(workspaceId, userId);
        await deps.workspaces.removeMember(workspaceId, userId);
        await deps.leaveWorkspace(userId, workspaceId);
      });
      await deps.endAccess(userId, workspaceId);
    },
  };
}
