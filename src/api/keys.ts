import { z } from 'zod';
import type { changeCredential } from '../credentials/change-credential.ts';
import type { CredentialKind } from '../credentials/credential-kind.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import type { issueCredential } from '../credentials/issue-credential.ts';
import type { listCredentials } from '../credentials/list-credentials.ts';
import type { revokeCredential } from '../credentials/revoke-credential.ts';
import type { rotateCredential } from '../credentials/rotate-credential.ts';
import {
  changedKeyBody,
  confirmQuery,
  issuedKeyAnswer,
  keyAnswer,
  keyQuery,
  newKeyBody,
  presentIssuedKey,
  presentKey,
  presentReplaced,
  rotateBody,
  rotatedKeyAnswer,
  timeOf,
} from './credential-schemas.ts';
import { pageOf } from './cursor.ts';
import type { Once, RefuseRepeat } from './idempotency.ts';
import { type FindGrantor, findManagedKey, refuseSuccessor, requireGrantor, userIdOf } from './keys-access.ts';
import { type AnyRoute, route } from './route.ts';
import { idAfter } from './row-id.ts';

/** What the routes of API keys need. */
export interface KeyRoutesDeps {
  readonly kind: CredentialKind;
  readonly credentials: Pick<CredentialRepository, 'find'>;
  readonly issue: ReturnType<typeof issueCredential>;
  readonly list: ReturnType<typeof listCredentials>;
  readonly change: ReturnType<typeof changeCredential>;
  readonly rotate: ReturnType<typeof rotateCredential>;
  readonly revoke: ReturnType<typeof revokeCredential>;
  readonly findGrantor: FindGrantor;
  readonly once: Once;
  readonly refuseRepeat: RefuseRepeat;
}

const MANAGE = 'keys:manage';
const access = { scopes: [MANAGE] } as const;
const listAnswer = z.object({ data: z.array(keyAnswer), next: z.string().nullable() });

/** The routes of `/api/keys`: API keys of a workspace, for callers that cover `keys:manage` there. */
export function keyRoutes(deps: KeyRoutesDeps): readonly AnyRoute[] {
  const find = findManagedKey(deps);
  return [
    route({
      method: 'GET',
      path: '/api/keys',
      summary: 'List the API keys of a workspace',
      access,
      query: keyQuery,
      answers: { 200: listAnswer },
      async handle({ query, ...caller }) {
        const { workspace } = await requireGrantor(deps.findGrantor, caller, query.workspace_id, MANAGE);
        const keys = await deps.list({
          kind: deps.kind,
          workspaceId: workspace.id,
          userId: null,
          limit: query.limit + 1,
          afterId: idAfter(query.cursor),
          newestFirst: query.order === 'newest',
          attention: query.attention ?? null,
        });
        const page = pageOf(keys, query.limit, ({ id }) => [id]);
        return { status: 200, body: { data: page.data.map(presentKey), next: page.next } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/keys',
      summary: 'Create an API key, shown this once',
      access,
      idempotencyKey: true,
      body: newKeyBody,
      answers: { 201: issuedKeyAnswer },
      async handle({ body, ...call }) {
        await deps.refuseRepeat(call, '/api/keys');
        const issued = await deps.issue({
          kind: deps.kind,
          grantor: await requireGrantor(deps.findGrantor, call, body.workspace_id, MANAGE),
          userId: null,
          createdBy: userIdOf(call),
          name: body.name,
          scopes: body.scopes,
          environment: body.environment,
          rateLimitTier: body.rate_limit_tier ?? null,
          expiresAt: timeOf(body.expires_at),
          within: (write, idOf) => deps.once(call, '/api/keys', write, idOf),
        });
        return { status: 201, body: presentIssuedKey(issued) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/keys/:id',
      summary: 'Show an API key',
      access,
      answers: { 200: keyAnswer },
      async handle({ params, ...caller }) {
        return { status: 200, body: presentKey((await find(caller, params.id)).key) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/keys/:id',
      summary: 'Change the name, scopes, tier or end of an API key',
      access,
      body: changedKeyBody,
      answers: { 200: keyAnswer },
      async handle({ params, body, ...caller }) {
        const { key, grantor } = await find(caller, params.id);
        refuseSuccessor(caller, key);
        const changed = await deps.change({ kind: deps.kind.name, id: key.id, grantor, changes: changesOf(body) });
        return { status: 200, body: presentKey(changed) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/keys/:id',
      summary: 'End an API key; a live one needs its name as ?confirm=',
      access,
      query: confirmQuery,
      answers: { 204: null },
      async handle({ params, query, ...caller }) {
        const { key } = await find(caller, params.id);
        refuseSuccessor(caller, key);
        await deps.revoke({ credential: key, confirmedName: query.confirm ?? null, reason: 'deleted' });
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/api/keys/:id/rotate',
      summary: 'Replace an API key; the new one is shown this once, and both work during the grace period',
      access,
      idempotencyKey: true,
      body: rotateBody,
      answers: { 201: rotatedKeyAnswer },
      async handle({ params, body, ...call }) {
        const { key, grantor } = await find(call, params.id);
        refuseSuccessor(call, key);
        const path = `/api/keys/${key.id}/rotate`;
        await deps.refuseRepeat(call, path);
        const rotated = await deps.rotate({
          kind: deps.kind,
          id: key.id,
          grantor,
          createdBy: userIdOf(call),
          graceSeconds: body.grace_period,
          expiresAt: timeOf(body.expires_at),
          within: (write, idOf) => deps.once(call, path, write, idOf),
        });
        return { status: 201, body: { ...presentIssuedKey(rotated), replaces: presentReplaced(rotated.replaces) } };
      },
    }),
  ];
}

function changesOf(body: z.output<typeof changedKeyBody>): Parameters<KeyRoutesDeps['change']>[0]['changes'] {
  const expiresAt = timeOf(body.expires_at);
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.scopes !== undefined && { scopes: body.scopes }),
    ...(body.rate_limit_tier !== undefined && { rateLimitTier: body.rate_limit_tier }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
