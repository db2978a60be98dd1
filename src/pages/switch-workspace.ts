import type { Middleware } from 'koa';
import { z } from 'zod';
import { nextPath } from './next-path.ts';
import type { PageParts } from './page-parts.ts';
import { personForm } from './person-page.ts';
import { seeOther } from './render.ts';

/**
 * `POST /workspace`: goes on in another workspace. What the page showed belongs to the one before, so it goes on at the
 * beginning of that part of the pages. A workspace that the person has left meanwhile leaves everything as it was.
 */
export function switchWorkspace(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const body = { workspace_id: Number(form.text('workspace_id')) };
    const moved = await page.attempt(z.unknown(), { method: 'PATCH', path: '/api/sessions/current', body });
    const next = nextPath(form.text('next'));
    // The one page that belongs to the workspace where they are now.
    const members = `/workspaces/${body.workspace_id}/members`;
    const place = next === members ? members : partOf(next);
    seeOther(page.context, moved.ok ? place : '/account?notice=no-such-workspace');
  });
}

const PARTS: ReadonlySet<string> = new Set(['tokens', 'keys', 'apps', 'clients', 'admin', 'account']);

/** The first segment of a path of ours: `/keys/7/rotate` belongs to `/keys`. */
function partOf(path: string): string {
  const [, part = ''] = path.split(/[/?]/, 2);
  return PARTS.has(part) ? `/${part}` : '/';
}
