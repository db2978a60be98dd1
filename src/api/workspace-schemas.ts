import { z } from 'zod';
import type { Member } from '../workspaces/membership.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import { pageQuery } from './cursor.ts';
import { readableText, searchText } from './readable-text.ts';

const name = readableText.min(1);
const role = z.string().max(255);

/** Query of `GET /api/workspaces`; `q` looks into names. */
export const workspaceQuery = pageQuery.extend({ q: searchText.optional() });

/** Body of `POST /api/workspaces`. */
export const newWorkspaceBody = z.strictObject({ name });

/** Body of `PATCH /api/workspaces/{id}`; what is absent stays. */
export const changedWorkspaceBody = z
  .strictObject({ name, scopes: z.array(z.string().max(255)).max(500), rate_limit_tier: z.string().max(255) })
  .partial();

/** Body of `POST /api/workspaces/{id}/members`: a user by id or by address. */
export const newMemberBody = z
  .strictObject({
    user_id: z.number().int().positive().optional(),
    email: z.string().min(1).max(254).optional(),
    role: role.default('member'),
  })
  .refine((body) => (body.user_id === undefined) !== (body.email === undefined), {
    path: ['user_id'],
    message: 'Give either user_id or email',
  });

/** Body of `PATCH /api/workspaces/{id}/members/{user_id}`. */
export const changedMemberBody = z.strictObject({ role });

/** A workspace as the API shows it. */
export const workspaceAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  scopes: z.array(z.string()),
  rate_limit_tier: z.string(),
  own: z.boolean(),
  suspended_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
});

/** A member as the API shows them. */
export const memberAnswer = z.object({
  user_id: z.number().int(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  disabled_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
});

/** Presents a workspace. */
export function presentWorkspace(workspace: Workspace): z.input<typeof workspaceAnswer> {
  return {
    id: workspace.id,
    name: workspace.name,
    scopes: [...workspace.scopes],
    rate_limit_tier: workspace.rateLimitTier,
    own: workspace.own,
    suspended_at: workspace.suspendedAt?.toISOString() ?? null,
    created_at: workspace.createdAt.toISOString(),
  };
}

/** Presents a member. */
export function presentMember(member: Member): z.input<typeof memberAnswer> {
  return {
    user_id: member.userId,
    email: member.email,
    name: member.name,
    role: member.role,
    disabled_at: member.disabledAt?.toISOString() ?? null,
    created_at: member.createdAt.toISOString(),
  };
}
