import type { Middleware } from 'koa';
import { adminForm, adminPage, given, listOf, moreOf, noticeIn, queryOf, workspaceAnswer } from './admin-parts.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { pastTime } from './times.ts';

const SCOPES = ['admin:users'];

/** Builds the list of workspaces, with a search by name. */
export function adminWorkspacesPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const q = queryOf(page, 'q').slice(0, 255);
    const cursor = queryOf(page, 'cursor');
    const found = await page.attempt(listOf(workspaceAnswer), {
      method: 'GET',
      path: '/api/workspaces',
      query: given({ limit: '50', q, cursor }),
    });
    const { data, next } = found.ok ? found.value : { data: [], next: null };
    const now = new Date();
    page.show(
      'admin-workspaces',
      { title: 'Workspaces', section: 'admin', status: found.ok ? 200 : 422 },
      {
        notice: noticeIn(page),
        errors: found.ok ? [] : found.errors,
        q,
        first: cursor === '',
        workspaces: data.map((workspace) => ({ ...workspace, made: pastTime(workspace.created_at, now) })),
        more: moreOf('/admin/workspaces', next, { q }),
      },
    );
  });
}

/** Builds the form that makes one. */
export function newWorkspacePage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => showForm(page, '', []));
}

/** Builds what that form does; the person becomes its owner. */
export function createWorkspace(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page, form) => {
    const name = form.text('name').trim();
    const made = await page.attempt(workspaceAnswer, {
      method: 'POST',
      path: '/api/workspaces',
      body: { name },
      idempotencyKey: form.text('once'),
    });
    if (made.ok) return seeOther(page.context, `/admin/workspaces/${made.value.id}?notice=workspace-created`);
    const before = made.conflict ? Number(made.members.id) : Number.NaN;
    if (Number.isSafeInteger(before))
      return seeOther(page.context, `/admin/workspaces/${before}?notice=workspace-made-before`);
    showForm(page, name, made.errors);
  });
}

function showForm(page: PersonPage, name: string, errors: readonly FieldError[]): void {
  const status = errors.length > 0 ? 422 : 200;
  page.show(
    'admin-workspace-new',
    { title: 'A new workspace', section: 'admin', width: 'wide', status },
    { name, errors },
  );
}
