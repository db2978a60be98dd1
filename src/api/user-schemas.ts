import { z } from 'zod';
import type { OneTimeLink } from '../users/one-time-link.ts';
import type { User } from '../users/user.ts';
import type { NamedMembership } from '../workspaces/membership.ts';
import { pageQuery } from './cursor.ts';
import { readableText, searchText } from './readable-text.ts';

const email = z.string().min(1).max(254);

/** Query of `GET /api/users`; `email` finds one person, however the address is written, `q` looks into names and addresses. */
export const userQuery = pageQuery.extend({ email: email.optional(), q: searchText.optional() });

/** Body of `POST /api/users`; without a password the answer has the link of an invitation. */
export const newUserBody = z.strictObject({
  email,
  name: readableText.default(''),
  password: z.string().optional(),
  must_change_password: z.boolean().default(false),
  role: z.string().max(255).default('member'),
  workspace_id: z.number().int().positive().optional(),
});

/** Body of `PATCH /api/users/{id}`; what is absent stays. */
export const changedUserBody = z.strictObject({ email, name: readableText }).partial();

/** A user as the API shows them. */
export const userAnswer = z.object({
  id: z.number().int(),
  email: z.string(),
  name: z.string(),
  disabled_at: z.iso.datetime().nullable(),
  must_change_password: z.boolean(),
  created_at: z.iso.datetime(),
  memberships: z.array(z.object({ workspace_id: z.number().int(), workspace_name: z.string(), role: z.string() })),
});

/** A link with which somebody sets their password, shown this once. */
export const linkAnswer = z.object({ link: z.string(), link_expires_at: z.iso.datetime() });

/** A new user; the link of their invitation is shown this once, and null when they have a password. */
export const createdUserAnswer = userAnswer.extend({
  link: z.string().nullable(),
  link_expires_at: z.iso.datetime().nullable(),
});

/** Presents a user; nothing but these fields leaves the server. */
export function presentUser(user: User, memberships: readonly NamedMembership[]): z.input<typeof userAnswer> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    disabled_at: user.disabledAt?.toISOString() ?? null,
    must_change_password: user.mustChangePassword,
    created_at: user.createdAt.toISOString(),
    memberships: memberships
      .filter(({ userId }) => userId === user.id)
      .map(({ workspaceId, workspaceName, role }) => ({
        workspace_id: workspaceId,
        workspace_name: workspaceName,
        role,
      })),
  };
}

/** Presents a link. */
export function presentLink(link: OneTimeLink): z.input<typeof linkAnswer> {
  return { link: link.url, link_expires_at: link.expiresAt.toISOString() };
}
