import type { Middleware } from 'koa';
import { z } from 'zod';
import { clientAnswer, clientKinds, kindOf } from './client-kinds.ts';
import { noticeOf } from './client-notices.ts';
import type { PageParts } from './page-parts.ts';
import { type PersonPage, personPage } from './person-page.ts';
import { pastTime } from './times.ts';

const listAnswer = z.object({ data: z.array(clientAnswer), next: z.string().nullable() });

/** Builds the list of registered clients; who may not see it is told who may. */
export function clientListPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    if (!mayRegister(page)) return;
    const { cursor } = page.context.query;
    const { data, next } = await page.api(listAnswer, {
      method: 'GET',
      path: '/api/clients',
      query: { limit: '50', ...(typeof cursor === 'string' && { cursor }) },
    });
    const now = new Date();
    page.show(
      'clients',
      { title: 'Apps', section: 'clients' },
      {
        notice: noticeOf(page.context.query.notice),
        kinds: clientKinds,
        first: cursor === undefined,
        more: next === null ? null : `/clients?cursor=${encodeURIComponent(next)}`,
        clients: data.map((client) => ({
          href: `/clients/${client.client_id}`,
          name: client.client_name,
          id: client.client_id,
          kind: kindOf(client).title,
          firstParty: client.first_party,
          resourceServer: client.resource_server,
          workspace: workspaceName(page, client.workspace_id),
          used: client.last_used_at === null ? null : pastTime(client.last_used_at, now),
        })),
      },
    );
  });
}

/** Tells whether the person looks after apps, and tells those who do not who does. */
export function mayRegister(page: PersonPage): boolean {
  if (page.can('admin:clients')) return true;
  page.show('clients-closed', { title: 'Apps', section: 'clients', status: 403 });
  return false;
}

/** Names a workspace as far as the person knows it. */
export function workspaceName({ workspaces }: Pick<PersonPage, 'workspaces'>, id: number): string {
  return workspaces.find((one) => one.id === id)?.name ?? `Workspace ${id}`;
}
