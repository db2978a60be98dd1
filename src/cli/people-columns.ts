import type { Column } from './output.ts';

/** How a user is shown to a person; members that an answer does not have are left out. */
export const userColumns: readonly Column[] = [
  ['id', 'id'],
  ['email', 'e-mail'],
  ['name', 'name'],
  ['memberships', 'memberships'],
  ['disabled_at', 'disabled'],
  ['created_at', 'created'],
  ['link', 'link'],
];

/** How a workspace is shown to a person. */
export const workspaceColumns: readonly Column[] = [
  ['id', 'id'],
  ['name', 'name'],
  ['rate_limit_tier', 'tier'],
  ['scopes', 'scopes'],
  ['suspended_at', 'suspended'],
  ['created_at', 'created'],
];

/** Leaves out a member that is null, such as the link of somebody who has a password. */
export function withoutNull(row: Readonly<Record<string, unknown>>, member: string): Readonly<Record<string, unknown>> {
  return { ...row, [member]: row[member] ?? undefined };
}
