import { z } from 'zod';
import { attentionReasons, type FindKeyAttention, type ListKeyMakers } from '../credentials/key-attention.ts';
import { keyAnswer, presentKey } from './credential-schemas.ts';
import { type CredentialCaller, type FindGrantor, requireGrantor } from './keys-access.ts';
import { type AnyRoute, route } from './route.ts';

/** What the routes need. */
export interface KeyAttentionDeps {
  readonly findAttention: FindKeyAttention;
  readonly listMakers: ListKeyMakers;
  readonly findGrantor: FindGrantor;
}

/** So many keys are looked at; what is beyond them is not counted. */
const MOST_KEYS = 10_000;
const EXAMPLES = 3;

const MANAGE = 'keys:manage';
const access = { scopes: [MANAGE] } as const;
const workspaceQuery = z.strictObject({ workspace_id: z.coerce.number().int().positive().optional() });

/** What is worth a look, as the API shows it. */
export const attentionAnswer = z.object({
  looked_at: z.number().int(),
  data: z.array(z.object({ reason: z.enum(attentionReasons), count: z.number().int(), examples: z.array(keyAnswer) })),
});

const makersAnswer = z.object({ data: z.array(z.object({ id: z.number().int(), name: z.string() })) });

/** The routes that look at all keys of a workspace together; they stand before those of one key. */
export function keyAttentionRoutes(deps: KeyAttentionDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/keys/attention',
      summary: `Point out the keys that were never used, are unused for 90 days, never expire or are old; of the first ${MOST_KEYS.toLocaleString('en-GB')} that work`,
      access,
      query: workspaceQuery,
      answers: { 200: attentionAnswer },
      async handle({ query, ...caller }) {
        const { workspace } = await requireGrantor(deps.findGrantor, caller, query.workspace_id, MANAGE);
        const { lookedAt, groups } = await deps.findAttention({
          workspaceId: workspace.id,
          examples: EXAMPLES,
          most: MOST_KEYS,
        });
        const data = groups.map(({ examples, ...group }) => ({ ...group, examples: examples.map(presentKey) }));
        return { status: 200, body: { looked_at: lookedAt, data } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/keys/makers',
      summary:
        'List the people who made the API keys of a workspace; named for people in a session and administrators alone',
      access,
      query: workspaceQuery,
      answers: { 200: makersAnswer },
      async handle({ query, ...caller }) {
        const { workspace } = await requireGrantor(deps.findGrantor, caller, query.workspace_id, MANAGE);
        const makers = await deps.listMakers(workspace.id);
        return { status: 200, body: { data: mayNamePeople(caller) ? makers : makers.map(nameless) } };
      },
    }),
  ];
}

/** A program that looks after keys learns nobody's name or address by that: they have not agreed to it. */
function mayNamePeople({ principal: { credential, scopes } }: CredentialCaller): boolean {
  return credential.type === 'session' || scopes.includes('admin:users');
}

function nameless({ id }: { readonly id: number }): { readonly id: number; readonly name: string } {
  return { id, name: '' };
}
