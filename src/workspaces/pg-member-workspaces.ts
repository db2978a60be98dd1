import type { Queries } from '../db/request-transaction.ts';

/** A workspace that somebody is a member of, with the role they have there now. */
export interface MemberWorkspace {
  readonly id: number;
  readonly name: string;
  readonly role: string;
}

const LIST = `
  SELECT w.id, w.name, m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
   WHERE m.user_id = $1 AND w.suspended_at IS NULL ORDER BY w.id LIMIT 200`;

/** Builds the list of workspaces that somebody may act in: their own memberships, suspended workspaces left out. */
export function pgMemberWorkspaces(queries: Queries): (userId: number) => Promise<readonly MemberWorkspace[]> {
  return async (userId) =>
    (
      await queries.query<{ id: number; name: string; role: string }>({
        name: 'member-workspaces',
        text: LIST,
        values: [userId],
      })
    ).rows;
}

/** Picks the workspace in which somebody acts: the preferred one if they are a member, else their first; null without any. */
export function workspaceOf(
  memberWorkspaces: (userId: number) => Promise<readonly MemberWorkspace[]>,
): (userId: number, preferred: number | null) => Promise<number | null> {
  return async (userId, preferred) => {
    const workspaces = await memberWorkspaces(userId);
    return (workspaces.find(({ id }) => id === preferred) ?? workspaces[0])?.id ?? null;
  };
}
