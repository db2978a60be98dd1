import { z } from 'zod';
import { coveringEntries } from '../core/covering-entries.ts';
import { InvalidInput, NotFound } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { type ListScopeHolders, type ScopeHolder, scopeHolderKinds } from '../workspaces/scope-holder.ts';
import { pageOf, pageQuery, readCursor } from './cursor.ts';
import { type AnyRoute, route } from './route.ts';

/** What the route needs. */
export interface ScopeHolderRoutesDeps {
  readonly catalog: ScopeCatalog;
  readonly list: ListScopeHolders;
}

const holderQuery = pageQuery.extend({ kind: z.enum(scopeHolderKinds).default('user') });

const holderAnswer = z.object({
  type: z.enum(scopeHolderKinds),
  id: z.union([z.number().int(), z.string()]),
  name: z.string(),
  workspace_id: z.number().int(),
  workspace_name: z.string(),
  user_id: z.number().int().nullable(),
  by: z.array(z.string()),
});
const listAnswer = z.object({ data: z.array(holderAnswer), next: z.string().nullable() });

const position = z.tuple([z.number().int().positive(), z.union([z.number().int().positive(), z.string().max(200)])]);

/** The route of `/api/scopes/{name}/holders`: who holds a scope now, for callers that cover `admin:users`. */
export function scopeHolderRoutes({ catalog, list }: ScopeHolderRoutesDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/scopes/:name/holders',
      summary: 'List who holds a scope now: members by their role, or tokens, keys or clients by their grant',
      access: { scopes: ['admin:users'] },
      query: holderQuery,
      answers: { 200: listAnswer },
      async handle({ params: { name = '' }, query: { kind, limit, cursor } }) {
        if (!catalog.has(name)) throw new NotFound();
        const rows = await list({
          entries: coveringEntries(catalog, name),
          roles: catalog.roleNames.filter((role) => catalog.covers(catalog.role(role) ?? [], name)),
          ownWorkspaceOnly: catalog.isServer(name),
          markedClients: name === 'credentials:introspect',
          kind,
          limit: limit + 1,
          after: positionOf(cursor),
        });
        const page = pageOf(rows, limit, ({ workspace, id }) => [workspace.id, id]);
        return { status: 200, body: { data: page.data.map(presentHolder), next: page.next } };
      },
    }),
  ];
}

function positionOf(cursor: string | undefined): { workspaceId: number; id: number | string } | null {
  if (cursor === undefined) return null;
  const after = readCursor(cursor, position);
  if (after === null || String(after[1]).includes('\0')) throw new InvalidInput({ cursor: ['Unknown cursor.'] });
  return { workspaceId: after[0], id: after[1] };
}

function presentHolder({ kind, id, name, workspace, userId, by }: ScopeHolder): z.input<typeof holderAnswer> {
  return {
    type: kind,
    id,
    name,
    workspace_id: workspace.id,
    workspace_name: workspace.name,
    user_id: userId,
    by: [...by],
  };
}
