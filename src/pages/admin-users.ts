import type { Middleware } from 'koa';
import { z } from 'zod';
import type { Form } from '../http/read-form.ts';
import {
  adminForm,
  adminPage,
  given,
  listOf,
  moreOf,
  noticeIn,
  orSignInAgain,
  queryOf,
  type ShownUser,
  userAnswer,
  workspaceAnswer,
} from './admin-parts.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { vocabularyAnswer } from './scope-choices.ts';
import { futureTime, pastTime } from './times.ts';

const SCOPES = ['admin:users'];
const madeAnswer = userAnswer.extend({ link: z.string().nullable(), link_expires_at: z.string().nullable() });

/** Builds the list of users, with a search by name and address. */
export function adminUsersPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const q = queryOf(page, 'q').slice(0, 255);
    const cursor = queryOf(page, 'cursor');
    const found = await page.attempt(listOf(userAnswer), {
      method: 'GET',
      path: '/api/users',
      query: given({ limit: '50', q, cursor }),
    });
    const { data, next } = found.ok ? found.value : { data: [], next: null };
    const now = new Date();
    page.show(
      'admin-users',
      { title: 'Users', section: 'admin', status: found.ok ? 200 : 422 },
      {
        notice: noticeIn(page),
        errors: found.ok ? [] : found.errors,
        q,
        first: cursor === '',
        users: data.map((user) => ({ ...user, made: pastTime(user.created_at, now) })),
        more: moreOf('/admin/users', next, { q }),
      },
    );
  });
}

interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly workspaceId: string;
}

/** Builds the form that invites somebody. */
export function newUserPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const role = queryOf(page, 'role') || 'member';
    await showForm(page, { email: '', name: '', role, workspaceId: queryOf(page, 'workspace') }, [], 200);
  });
}

/** Builds what that form does: the user is made, and the link of their invitation is shown this once. */
export function createUser(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page, form) => {
    const wanted = wantedIn(form);
    const again = `/admin/users/new?${new URLSearchParams({ role: wanted.role, workspace: wanted.workspaceId })}`;
    await orSignInAgain(page, again, async () => {
      const made = await page.attempt(madeAnswer, {
        method: 'POST',
        path: '/api/users',
        body: {
          email: wanted.email,
          name: wanted.name,
          role: wanted.role,
          ...(/^\d{1,15}$/.test(wanted.workspaceId) && { workspace_id: Number(wanted.workspaceId) }),
        },
      });
      if (made.ok) return showLink(page, made.value, made.value.link, made.value.link_expires_at);
      const errors = made.conflict ? await takenBy(page, wanted.email) : made.errors;
      await showForm(page, wanted, errors, made.conflict ? 409 : 422);
    });
  });
}

function wantedIn(form: Form): NewUser {
  return {
    email: form.text('email').trim(),
    name: form.text('name').trim(),
    role: form.text('role') || 'member',
    workspaceId: form.text('workspace_id'),
  };
}

/** A form that was sent twice ends here too: the user is there, and their link was shown once. */
async function takenBy(page: PersonPage, email: string): Promise<readonly FieldError[]> {
  const { data } = await page.api(listOf(userAnswer), { method: 'GET', path: '/api/users', query: { email } });
  const id = data[0]?.id;
  const sentence = `There is a user with this address already${id === undefined ? '' : ` (number ${id})`}. Open them in the list to make a new link.`;
  return [{ field: 'email', sentence }];
}

async function showForm(
  page: PersonPage,
  fields: NewUser,
  errors: readonly FieldError[],
  status: number,
): Promise<void> {
  const [vocabulary, workspaces] = await Promise.all([
    page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' }),
    page.api(listOf(workspaceAnswer), { method: 'GET', path: '/api/workspaces', query: { limit: '200' } }),
  ]);
  const chosen = Number(fields.workspaceId) || (workspaces.data.find(({ own }) => own)?.id ?? 0);
  page.show(
    'admin-user-new',
    { title: 'Invite somebody', section: 'admin', status },
    {
      errors,
      fields,
      roles: Object.keys(vocabulary.roles),
      workspaces: workspaces.data.map(({ id, name }) => ({ id, name, chosen: id === chosen })),
    },
  );
}

/** Shows the link with which somebody sets their password: this once, and nowhere else. */
export function showLink(page: PersonPage, user: ShownUser, link: string | null, expiresAt: string | null): void {
  page.show(
    'admin-user-link',
    { title: 'A link for them', section: 'admin' },
    { user, link: link ?? '', ends: expiresAt === null ? null : futureTime(expiresAt, new Date()) },
  );
}
