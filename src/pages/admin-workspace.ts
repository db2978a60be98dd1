import type { Middleware } from 'koa';
import {
  adminForm,
  adminPage,
  findWorkspace,
  noticeIn,
  paramOf,
  type ShownWorkspace,
  workspaceAnswer,
} from './admin-parts.ts';
import { durationInWords } from './in-words.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { scopeChoices, scopesInWords, type Vocabulary, vocabularyAnswer } from './scope-choices.ts';
import { pastTime } from './times.ts';

const SCOPES = ['admin:users'];

/** Builds the page of one workspace. */
export function adminWorkspacePage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const [workspace, vocabulary] = await Promise.all([find(page), vocabularyOf(page)]);
    const now = new Date();
    page.show(
      'admin-workspace',
      { title: workspace.name, section: 'admin' },
      {
        notice: noticeIn(page),
        workspace,
        tier: tierInWords(vocabulary, workspace.rate_limit_tier),
        scopes: scopesInWords(vocabulary, workspace.scopes, 'workspace'),
        mayAudit: page.can('admin:audit'),
        made: pastTime(workspace.created_at, now),
        suspended: workspace.suspended_at === null ? null : pastTime(workspace.suspended_at, now),
      },
    );
  });
}

/** Builds the form with name, tier and ceiling. */
export function editWorkspacePage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const workspace = await find(page);
    await showForm(page, workspace, workspace, [], 200);
  });
}

/** Builds what that form does. */
export function changeWorkspace(parts: PageParts): Middleware {
  return adminForm(
    parts,
    SCOPES,
    async (page, form) => {
      const workspace = await find(page);
      const wanted = {
        name: form.text('name').trim(),
        rate_limit_tier: form.text('rate_limit_tier'),
        // The first workspace has no boxes to tick: it keeps everything.
        scopes: workspace.own ? workspace.scopes : [...form.list('scopes')],
      };
      const changed = await page.attempt(workspaceAnswer, {
        method: 'PATCH',
        path: '/api/workspaces/:id',
        params: { id: String(workspace.id) },
        body: wanted,
      });
      if (changed.ok) return seeOther(page.context, `/admin/workspaces/${workspace.id}?notice=workspace-changed`);
      await showForm(page, workspace, wanted, changed.errors, 422);
    },
    ['scopes'],
  );
}

/** Builds the page that asks before a workspace is suspended. */
export function suspendWorkspacePage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const workspace = await find(page);
    showSuspend(page, workspace, [], 200);
  });
}

/** Builds what that form does: the name must be typed, because everything in the workspace stops. */
export function suspendWorkspace(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page, form) => {
    const workspace = await find(page);
    if (sameName(form.text('confirm')) !== sameName(workspace.name)) {
      const sentence = 'This is not the name of the workspace. Type it as it stands above.';
      return showSuspend(page, workspace, [{ field: 'confirm', sentence }], 422);
    }
    const done = await page.attempt(workspaceAnswer, suspension(workspace, '/api/workspaces/:id/suspend'));
    if (done.ok) seeOther(page.context, `/admin/workspaces/${workspace.id}?notice=workspace-suspended`);
    else showSuspend(page, workspace, done.errors, 409);
  });
}

/** Builds what lets a suspended workspace in again. */
export function resumeWorkspace(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page) => {
    const workspace = await find(page);
    await page.api(workspaceAnswer, suspension(workspace, '/api/workspaces/:id/resume'));
    seeOther(page.context, `/admin/workspaces/${workspace.id}?notice=workspace-resumed`);
  });
}

function suspension({ id }: ShownWorkspace, path: string) {
  return { method: 'POST', path, params: { id: String(id) } } as const;
}

/** A page shows several spaces as one, and a keyboard may compose a letter in another way. */
function sameName(name: string): string {
  return name.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();
}

function find(page: PersonPage): Promise<ShownWorkspace> {
  return findWorkspace(page, paramOf(page, 'id'));
}

function vocabularyOf(page: PersonPage): Promise<Vocabulary> {
  return page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
}

function tierInWords({ tiers }: Vocabulary, name: string): string {
  const tier = Object.hasOwn(tiers, name) ? tiers[name] : undefined;
  if (tier === undefined) return `${name}, which the vocabulary no longer has`;
  if (tier.limit === null) return `${name}: no limit`;
  return `${name}: ${tier.limit.toLocaleString('en')} calls in ${durationInWords(tier.window_seconds)}`;
}

function showSuspend(page: PersonPage, workspace: ShownWorkspace, errors: readonly FieldError[], status: number): void {
  const title = `Suspend ${workspace.name}`;
  page.show('admin-workspace-suspend', { title, section: 'admin', width: 'wide', status }, { workspace, errors });
}

async function showForm(
  page: PersonPage,
  workspace: ShownWorkspace,
  fields: Pick<ShownWorkspace, 'name' | 'rate_limit_tier' | 'scopes'>,
  errors: readonly FieldError[],
  status: number,
): Promise<void> {
  const vocabulary = await vocabularyOf(page);
  page.show(
    'admin-workspace-edit',
    { title: `Change ${workspace.name}`, section: 'admin', status },
    {
      workspace,
      fields,
      errors,
      tiers: Object.keys(vocabulary.tiers).map((name) => ({
        name,
        words: tierInWords(vocabulary, name),
        chosen: name === fields.rate_limit_tier,
      })),
      scopeGroups: scopeChoices({
        vocabulary,
        ticked: fields.scopes,
        role: page.workspace?.role ?? null,
        holder: 'workspace',
      }),
    },
  );
}
