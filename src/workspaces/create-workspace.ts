import { type Membership, ownerRole } from './membership.ts';
import type { Workspace } from './workspace.ts';
import type { WorkspaceRepository } from './workspace-repository.ts';

/** Builds the use case that creates a workspace, whose creator becomes its owner; one created by a program begins empty. */
export function createWorkspace(deps: {
  readonly workspaces: Pick<WorkspaceRepository, 'insert' | 'setRole'>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}): (input: { readonly name: string; readonly creatorId: Membership['userId'] | null }) => Promise<Workspace> {
  return ({ name, creatorId }) =>
    deps.together(async () => {
      const workspace = await deps.workspaces.insert({ name, own: false });
      if (creatorId !== null) await deps.workspaces.setRole(workspace.id, creatorId, ownerRole);
      return workspace;
    });
}
