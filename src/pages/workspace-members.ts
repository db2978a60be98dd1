import type { Middleware } from 'koa';
import { z } from 'zod';
import {
  findWorkspace,
  given,
  listOf,
  moreOf,
  noticeIn,
  orSignInAgain,
  paramOf,
  queryOf,
  type ShownWorkspace,
} from './admin-parts.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { scopesInWords, vocabularyAnswer } from './scope-choices.ts';
import { pastTime } from './times.ts';

const memberAnswer = z.object({
  user_id: z.number(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  disabled_at: z.string().nullable(),
  created_at: z.string(),
});

const MEMBERS = '/api/workspaces/:id/members';
const ONE = `${MEMBERS}/:user_id`;
/** The roles that manage the members of their own workspace, as the API has it. */
const MANAGING: ReadonlySet<string> = new Set(['owner', 'admin']);

/** Builds the list of the members of a workspace, for administrators of the server and those who work in it. */
export function membersPage(parts: PageParts): Middleware {
  return personPage(parts, (page) => show(page, '', [], 200));
}

/** Builds what makes somebody a member, by their address. */
export function addMember(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const email = form.text('email').trim();
    await orSignInAgain(page, hrefOf(page), async () => {
      const added = await page.attempt(memberAnswer, {
        method: 'POST',
        path: MEMBERS,
        params: { id: paramOf(page, 'id') },
        body: { email, role: form.text('role') },
      });
      if (added.ok) return seeOther(page.context, `${hrefOf(page)}?notice=member-added`);
      const known = [{ field: 'email', sentence: 'They are a member already. Change their role in the list.' }];
      await show(page, email, added.conflict ? known : added.errors, added.conflict ? 409 : 422);
    });
  });
}

/** Builds what gives a member another role. */
export function changeMember(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    await orSignInAgain(page, hrefOf(page), async () => {
      const changed = await page.attempt(memberAnswer, {
        method: 'PATCH',
        path: ONE,
        params: idsOf(page),
        body: { role: form.text('role') },
      });
      if (changed.ok) return seeOther(page.context, `${hrefOf(page)}?notice=member-changed`);
      // The fields of a row have no name of their own in the summary.
      const errors = changed.errors.map(({ sentence }) => ({ field: 'form', sentence }));
      await show(page, '', errors, changed.conflict ? 409 : 422);
    });
  });
}

/** Builds the page that asks before somebody is taken out. */
export function removeMemberPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    await showRemoval(page, [], 200);
  });
}

/** Builds what that form does. */
export function removeMember(parts: PageParts): Middleware {
  return personForm(parts, async (page) => {
    const removed = await page.attempt(noAnswer, { method: 'DELETE', path: ONE, params: idsOf(page) });
    if (!removed.ok) return showRemoval(page, removed.errors, 409);
    const isSelf = paramOf(page, 'user_id') === String(page.person.user.id);
    seeOther(page.context, isSelf ? '/' : `${hrefOf(page)}?notice=member-removed`);
  });
}

async function showRemoval(page: PersonPage, errors: readonly FieldError[], status: number): Promise<void> {
  const workspace = await findWorkspace(page, paramOf(page, 'id'));
  const member = await page.api(memberAnswer, { method: 'GET', path: ONE, params: idsOf(page) });
  page.show(
    'workspace-member-remove',
    { title: `Take ${member.email} out`, ...sectionOf(page), width: 'wide', status },
    { workspace, member, errors, isSelf: member.user_id === page.person.user.id },
  );
}

function idsOf(page: PersonPage): Record<string, string> {
  return { id: paramOf(page, 'id'), user_id: paramOf(page, 'user_id') };
}

function hrefOf(page: PersonPage): string {
  return `/workspaces/${encodeURIComponent(paramOf(page, 'id'))}/members`;
}

function sectionOf(page: PersonPage): { readonly section: 'admin' | 'home' } {
  return { section: page.can('admin:users') ? 'admin' : 'home' };
}

/** Who is a member of another workspace than the one they work in goes there first: a role counts where one works. */
function worksElsewhere(page: PersonPage, workspace: ShownWorkspace): boolean {
  return !page.can('admin:users') && page.workspace?.id !== workspace.id;
}

async function show(page: PersonPage, email: string, errors: readonly FieldError[], status: number): Promise<void> {
  const workspace = await findWorkspace(page, paramOf(page, 'id'));
  const frame = { title: `Members of ${workspace.name}`, ...sectionOf(page), status };
  if (worksElsewhere(page, workspace))
    return page.show('workspace-elsewhere', { ...frame, width: 'wide' }, { workspace });
  const cursor = queryOf(page, 'cursor');
  const [members, vocabulary] = await Promise.all([
    page.api(listOf(memberAnswer), {
      method: 'GET',
      path: MEMBERS,
      params: { id: String(workspace.id) },
      query: given({ limit: '50', cursor: status === 200 ? cursor : '' }),
    }),
    page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' }),
  ]);
  const now = new Date();
  page.show('workspace-members', frame, {
    notice: noticeIn(page),
    errors,
    email,
    workspace,
    first: cursor === '',
    isAdministrator: page.can('admin:users'),
    mayManage: page.can('admin:users') || MANAGING.has(page.workspace?.role ?? ''),
    roles: Object.entries(vocabulary.roles).map(([name, scopes]) => ({
      name,
      scopes: scopesInWords(vocabulary, scopes, 'workspace'),
    })),
    members: members.data.map((member) => ({
      ...member,
      since: pastTime(member.created_at, now),
      isSelf: member.user_id === page.person.user.id,
    })),
    more: moreOf(hrefOf(page), members.next),
  });
}
