import { z } from 'zod';
import type { ListKeysMadeBy, MadeKey } from '../credentials/knex-keys-made-by.ts';
import { pageOf, pageQuery } from './cursor.ts';
import { type AnyRoute, route } from './route.ts';
import { idAfter } from './row-id.ts';

const keyAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  workspace_id: z.number().int(),
  environment: z.enum(['live', 'test']),
  scopes: z.array(z.string()),
  hint: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable(),
});
const listAnswer = z.object({ data: z.array(keyAnswer), next: z.string().nullable() });

/** The route of `/api/me/keys`, for a person in a session: keys outlive who made them, so their makers should find them. */
export function myKeyRoutes({ listKeysMadeBy }: { readonly listKeysMadeBy: ListKeysMadeBy }): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/me/keys',
      summary: 'List the API keys that you made and that still work, in all of your workspaces, the newest first',
      access: 'session',
      query: pageQuery,
      answers: { 200: listAnswer },
      async handle({ query, principal }) {
        const beforeId = idAfter(query.cursor);
        const rows = await listKeysMadeBy(Number(principal.subject.id), {
          limit: query.limit + 1,
          beforeId: beforeId === 0 ? null : beforeId,
        });
        const { data, next } = pageOf(rows, query.limit, ({ id }) => [id]);
        return { status: 200, body: { data: data.map(presentMadeKey), next } };
      },
    }),
  ];
}

function presentMadeKey(key: MadeKey): z.input<typeof keyAnswer> {
  return {
    id: key.id,
    name: key.name,
    workspace_id: key.workspaceId,
    environment: key.environment,
    scopes: [...key.scopes],
    hint: key.hint,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}
