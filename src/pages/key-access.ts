import type { Middleware } from 'koa';
import { covers } from '../core/scope.ts';
import type { Form } from '../http/read-form.ts';
import type { PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { readVocabulary } from './token-answers.ts';

const MANAGE = 'keys:manage';

/** Builds a page of keys; who may not manage them is told who may. */
export function keyPage(parts: PageParts, handler: (page: PersonPage) => Promise<void>): Middleware {
  return personPage(parts, async (page) => (page.can(MANAGE) ? handler(page) : showNoAccess(page)));
}

/** Builds a form of keys, likewise. */
export function keyForm(
  parts: PageParts,
  handler: (page: PersonPage, form: Form) => Promise<void>,
  lists?: readonly string[],
): Middleware {
  return personForm(parts, async (page, form) => (page.can(MANAGE) ? handler(page, form) : showNoAccess(page)), lists);
}

/** In the frame, from where a person can go to another workspace. */
async function showNoAccess(page: PersonPage): Promise<void> {
  const { workspace } = page;
  const roles = workspace === null ? [] : await rolesThatManage(page);
  page.show(
    'keys-none',
    { title: 'API keys', section: 'keys', status: workspace === null ? 200 : 403 },
    { workspace, roles },
  );
}

async function rolesThatManage(page: PersonPage): Promise<readonly string[]> {
  const { roles, scopes } = await readVocabulary(page);
  const isProtected = (wanted: string): boolean => scopes.some((one) => one.name === wanted && one.protected);
  return Object.entries(roles)
    .filter(([, entries]) => entries.some((entry) => covers(entry, MANAGE, isProtected)))
    .map(([role]) => role);
}
