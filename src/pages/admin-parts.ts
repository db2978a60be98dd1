import type { Middleware } from 'koa';
import { z } from 'zod';
import { FreshSignInNeeded } from '../core/errors.ts';
import type { Form } from '../http/read-form.ts';
import { signInAgainPath } from './fresh-sign-in.ts';
import type { PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';

/** The scopes that open a part of the administration. */
export const administrationScopes = ['admin:users', 'admin:clients', 'admin:audit', 'admin:metrics'] as const;

/** Builds a page of the administration; who holds none of the scopes is told what they lack and who can give it. */
export function adminPage(
  parts: PageParts,
  scopes: readonly string[],
  handler: (page: PersonPage) => Promise<void>,
): Middleware {
  return personPage(parts, async (page) => {
    if (scopes.some(page.can)) await handler(page);
    else showClosed(page, scopes);
  });
}

/** Builds what a form of the administration does; refuses like `adminPage`. */
export function adminForm(
  parts: PageParts,
  scopes: readonly string[],
  handler: (page: PersonPage, form: Form) => Promise<void>,
  lists: readonly string[] = [],
): Middleware {
  return personForm(
    parts,
    async (page, form) => {
      if (scopes.some(page.can)) await handler(page, form);
      else showClosed(page, scopes);
    },
    lists,
  );
}

function showClosed(page: PersonPage, scopes: readonly string[]): void {
  page.show(
    'admin-closed',
    { title: 'Administration', section: 'admin', width: 'wide', status: 403 },
    { scopes, workspace: page.workspace, elsewhere: page.workspaces.length > 1 },
  );
}

/** Does what may take a password given lately, and sends whoever has none to give it again and come back to `next`. */
export async function orSignInAgain(page: PersonPage, next: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FreshSignInNeeded)) throw error;
    seeOther(page.context, signInAgainPath(next));
  }
}

/** A member of the page's path, such as the id of `/admin/users/:id`. */
export function paramOf({ context }: Pick<PersonPage, 'context'>, name: string): string {
  const params: Readonly<Record<string, unknown>> = context.params;
  return String(params[name] ?? '');
}

/** A member of the page's query; empty when it is not there, or there more than once. */
export function queryOf({ context }: Pick<PersonPage, 'context'>, name: string): string {
  const value = context.query[name];
  return typeof value === 'string' ? value.trim() : '';
}

/** The query without what is empty, as the API wants it. */
export function given(query: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

/** The way to the next page of a list, with what the present one was asked for; null on the last page. */
export function moreOf(path: string, next: string | null, query: Readonly<Record<string, string>> = {}): string | null {
  return next === null ? null : `${path}?${new URLSearchParams({ ...given(query), cursor: next })}`;
}

/** The sentence of a notice in the address; null for none, and for one that nobody of ours wrote. */
export function noticeIn(page: Pick<PersonPage, 'context'>): string | null {
  return NOTICES.get(page.context.query.notice) ?? null;
}

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['user-changed', 'Saved.'],
  ['user-disabled', 'The user is shut out. Their sessions have ended, and nothing of theirs works any more.'],
  ['user-enabled', 'The user is let in again.'],
  ['sessions-ended', 'Every session of the user has ended.'],
  ['workspace-created', 'The workspace is there, and you are its owner.'],
  ['workspace-made-before', 'This form was sent twice. The workspace was made once, and this is it.'],
  ['workspace-changed', 'Saved. It holds from the next request on.'],
  ['workspace-suspended', 'The workspace is suspended. Nothing that belongs to it is let in.'],
  ['workspace-resumed', 'The workspace is let in again.'],
  ['member-added', 'They are a member now.'],
  ['member-changed', 'The role is changed. It holds from their next request on.'],
  ['member-removed', 'They are no longer a member, and what they had here has ended.'],
  ['key-rotated', 'A new signing key is published.'],
]);

/** Reads a page of a list. */
export function listOf<Item>(
  item: z.ZodType<Item>,
): z.ZodType<{ readonly data: Item[]; readonly next: string | null }> {
  return z.object({ data: z.array(item), next: z.string().nullable() });
}

/** A user as the API answers it. */
export const userAnswer = z.object({
  id: z.number(),
  email: z.string(),
  name: z.string(),
  disabled_at: z.string().nullable(),
  must_change_password: z.boolean(),
  created_at: z.string(),
  memberships: z.array(z.object({ workspace_id: z.number(), workspace_name: z.string(), role: z.string() })),
});

/** A user as the API answers it. */
export type ShownUser = z.output<typeof userAnswer>;

/** A workspace as the API answers it. */
export const workspaceAnswer = z.object({
  id: z.number(),
  name: z.string(),
  scopes: z.array(z.string()),
  rate_limit_tier: z.string(),
  own: z.boolean(),
  suspended_at: z.string().nullable(),
  created_at: z.string(),
});

/** A workspace as the API answers it. */
export type ShownWorkspace = z.output<typeof workspaceAnswer>;

/** Reads the workspace that an address names; throws what the API refuses with. */
export function findWorkspace(page: PersonPage, id: string): Promise<ShownWorkspace> {
  return page.api(workspaceAnswer, { method: 'GET', path: '/api/workspaces/:id', params: { id } });
}
