import { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import type { rotateSigningKeys } from '../oauth/rotate-signing-keys.ts';
import type { PublishedSigningKey } from '../oauth/signing-key.ts';
import type { SigningKeyRepository } from '../oauth/signing-key-repository.ts';
import { pageOf, pageQuery, readCursor } from './cursor.ts';
import { type AnyRoute, route } from './route.ts';

/** What the signing-key routes need. */
export interface SigningKeyRoutesDeps {
  readonly signingKeys: Pick<SigningKeyRepository, 'listPublished'>;
  readonly rotate: ReturnType<typeof rotateSigningKeys>;
}

const access = { scopes: ['admin:clients'] } as const;

const keyAnswer = z.object({
  kid: z.string(),
  alg: z.string(),
  status: z.enum(['waiting', 'active', 'retiring']),
  created_at: z.iso.datetime(),
  active_from: z.iso.datetime(),
  retires_at: z.iso.datetime().nullable(),
});
const listAnswer = z.object({ data: z.array(keyAnswer), next: z.string().nullable() });

const rotationBody = z.strictObject({
  immediately: z.boolean().default(false),
  withdraw: z.boolean().default(false),
});

/** The routes of `/api/signing-keys`: the keys that sign ID tokens and JWT access tokens, for callers that cover `admin:clients`. */
export function signingKeyRoutes(deps: SigningKeyRoutesDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/signing-keys',
      summary: 'List the published signing keys, the one that signs first',
      access,
      query: pageQuery,
      answers: { 200: listAnswer },
      async handle({ query }) {
        const keys = await deps.signingKeys.listPublished();
        const page = pageOf(keys.slice(startOf(keys, query.cursor)), query.limit, ({ kid }) => [kid]);
        return { status: 200, body: { data: page.data.map(presentKey), next: page.next } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/signing-keys/rotate',
      summary:
        'Replace the signing key: the new one is published now and signs once every cache has had time to learn it',
      access,
      body: rotationBody,
      answers: { 200: keyAnswer },
      async handle({ body }) {
        return { status: 200, body: presentKey(await deps.rotate(body)) };
      },
    }),
  ];
}

function startOf(keys: readonly PublishedSigningKey[], cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const after = readCursor(cursor, z.tuple([z.string()]));
  if (after === null) throw new InvalidInput({ cursor: ['Unknown cursor.'] });
  const at = keys.findIndex(({ kid }) => kid === after[0]);
  // The key where the page before ended may be gone by now; the list is short, so it starts anew.
  return at + 1;
}

function presentKey(key: PublishedSigningKey): z.input<typeof keyAnswer> {
  return {
    kid: key.kid,
    alg: key.alg,
    status: key.status,
    created_at: key.createdAt.toISOString(),
    active_from: key.activeFrom.toISOString(),
    retires_at: key.retiresAt?.toISOString() ?? null,
  };
}
