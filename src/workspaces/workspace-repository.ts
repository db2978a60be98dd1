import type { Workspace } from './workspace.ts';

/** Where workspaces and memberships are kept. */
export interface WorkspaceRepository {
  find(id: number): Promise<Workspace | null>;
  /** The server's own workspace, or null before the first start has made it. */
  findOwn(): Promise<Workspace | null>;
  insert(workspace: { readonly name: string; readonly own: boolean }): Promise<Workspace>;
  /** Gives a user a role, replacing the one they had. */
  setRole(workspaceId: number, userId: number, role: string): Promise<void>;
  /** Tells whether somebody who is not disabled has one of the roles in the server's own workspace. */
  hasMemberWithRole(roles: readonly string[]): Promise<boolean>;
}
