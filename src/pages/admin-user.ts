import type { Middleware } from 'koa';
import { z } from 'zod';
import type { Form } from '../http/read-form.ts';
import { adminForm, adminPage, noticeIn, orSignInAgain, paramOf, type ShownUser, userAnswer } from './admin-parts.ts';
import { showLink } from './admin-users.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { pastTime } from './times.ts';

const SCOPES = ['admin:users'];
const linkAnswer = z.object({ link: z.string(), link_expires_at: z.string() });

function findUser(page: PersonPage): Promise<ShownUser> {
  return page.api(userAnswer, { method: 'GET', path: '/api/users/:id', params: { id: paramOf(page, 'id') } });
}

/** Builds the page of one user. */
export function adminUserPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const user = await findUser(page);
    show(page, user, user, [], 200);
  });
}

/** Builds what its form does: another name or address. */
export function changeUser(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page, form) => {
    const user = await findUser(page);
    const fields = fieldsIn(form);
    // An address that stays is not sent: to change one takes more than to change a name.
    const body = { name: fields.name, ...(fields.email !== user.email && { email: fields.email }) };
    await orSignInAgain(page, hrefOf(user), async () => {
      const changed = await page.attempt(userAnswer, {
        method: 'PATCH',
        path: '/api/users/:id',
        params: { id: String(user.id) },
        body,
      });
      if (changed.ok) return seeOther(page.context, `${hrefOf(user)}?notice=user-changed`);
      const taken = [{ field: 'email', sentence: 'Somebody else has this address.' }];
      show(page, user, fields, changed.conflict ? taken : changed.errors, changed.conflict ? 409 : 422);
    });
  });
}

/** Builds the page that asks before a user is shut out. */
export function disableUserPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const user = await findUser(page);
    page.show('admin-user-disable', { title: `Shut out ${user.email}`, section: 'admin', width: 'wide' }, { user });
  });
}

/** Builds what that form does. */
export function disableUser(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page) => {
    const user = await findUser(page);
    const done = await page.attempt(userAnswer, action(user, 'POST', '/api/users/:id/disable'));
    if (done.ok) return seeOther(page.context, `${hrefOf(user)}?notice=user-disabled`);
    page.show(
      'admin-user-disable',
      { title: `Shut out ${user.email}`, section: 'admin', width: 'wide', status: done.conflict ? 409 : 422 },
      { user, errors: done.errors },
    );
  });
}

/** Builds what lets a user in again. */
export function enableUser(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page) => {
    const user = await findUser(page);
    await page.api(userAnswer, action(user, 'POST', '/api/users/:id/enable'));
    seeOther(page.context, `${hrefOf(user)}?notice=user-enabled`);
  });
}

/** Builds what ends every session of a user. */
export function endSessionsOfUser(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page) => {
    const user = await findUser(page);
    await page.api(noAnswer, action(user, 'DELETE', '/api/users/:id/sessions'));
    if (user.id === page.person.user.id) return seeOther(page.context, '/login');
    seeOther(page.context, `${hrefOf(user)}?notice=sessions-ended`);
  });
}

/** Builds what makes a new link with which a user sets their password, and shows it this once. */
export function inviteUser(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page) => {
    const user = await findUser(page);
    await orSignInAgain(page, hrefOf(user), async () => {
      const made = await page.attempt(linkAnswer, action(user, 'POST', '/api/users/:id/invite'));
      if (made.ok) showLink(page, user, made.value.link, made.value.link_expires_at);
      else show(page, user, user, made.errors, 409);
    });
  });
}

function action(user: ShownUser, method: 'POST' | 'DELETE', path: string) {
  return { method, path, params: { id: String(user.id) } } as const;
}

function hrefOf({ id }: Pick<ShownUser, 'id'>): string {
  return `/admin/users/${id}`;
}

function fieldsIn(form: Form): Pick<ShownUser, 'name' | 'email'> {
  return { name: form.text('name').trim(), email: form.text('email').trim() };
}

function show(
  page: PersonPage,
  user: ShownUser,
  fields: Pick<ShownUser, 'name' | 'email'>,
  errors: readonly FieldError[],
  status: number,
): void {
  const now = new Date();
  page.show(
    'admin-user',
    { title: user.name || user.email, section: 'admin', status },
    {
      notice: noticeIn(page),
      errors,
      user,
      fields,
      isSelf: user.id === page.person.user.id,
      mayAudit: page.can('admin:audit'),
      made: pastTime(user.created_at, now),
      disabled: user.disabled_at === null ? null : pastTime(user.disabled_at, now),
    },
  );
}
