import { z } from 'zod';
import { InvalidInput, NotFound, TooManyRequests } from '../core/errors.ts';
import type { Credential } from '../credentials/credential.ts';
import type { CredentialKind } from '../credentials/credential-kind.ts';
import type { CredentialRepository } from '../credentials/credential-repository.ts';
import type { issueCredential } from '../credentials/issue-credential.ts';
import type { listCredentials } from '../credentials/list-credentials.ts';
import type { revokeCredential } from '../credentials/revoke-credential.ts';
import type { confirmPassword } from '../users/change-password.ts';
import {
  issuedTokenAnswer,
  newTokenBody,
  presentIssuedToken,
  presentToken,
  revokeAllBody,
  timeOf,
  tokenAnswer,
  tokenQuery,
} from './credential-schemas.ts';
import { pageOf } from './cursor.ts';
import type { Once, RefuseRepeat } from './idempotency.ts';
import { type CredentialCaller, type FindGrantor, requireGrantor, userIdOf } from './keys-access.ts';
import { findOwnToken } from './own-token.ts';
import { unauthorizedAction } from './role-guard.ts';
import { type AnyRoute, route } from './route.ts';
import { idAfter } from './row-id.ts';

/** What the routes of personal access tokens need. */
export interface TokenRoutesDeps {
  readonly kind: CredentialKind;
  readonly credentials: Pick<CredentialRepository, 'find' | 'revokeTokensOf'>;
  readonly issue: ReturnType<typeof issueCredential>;
  readonly list: ReturnType<typeof listCredentials>;
  readonly revoke: ReturnType<typeof revokeCredential>;
  readonly findGrantor: FindGrantor;
  readonly confirmPassword: ReturnType<typeof confirmPassword>;
  readonly once: Once;
  readonly refuseRepeat: RefuseRepeat;
}

const MANAGE = 'tokens:manage';
const access = { scopes: [MANAGE] } as const;
const listAnswer = z.object({ data: z.array(tokenAnswer), next: z.string().nullable() });

/** The routes of `/api/tokens`: a person's own, from a session or by a bearer that covers `tokens:manage`. */
export function tokenRoutes(deps: TokenRoutesDeps): readonly AnyRoute[] {
  const own = findOwnToken(deps);

  async function end(credential: Credential, reason: string): Promise<{ readonly status: 204 }> {
    await deps.revoke({ credential, confirmedName: null, reason });
    return { status: 204 };
  }

  return [
    route({
      method: 'GET',
      path: '/api/tokens',
      summary: 'List your personal access tokens',
      access,
      query: tokenQuery,
      answers: { 200: listAnswer },
      async handle({ query, ...caller }) {
        const tokens = await deps.list({
          kind: deps.kind,
          userId: requireUser(caller),
          workspaceId: reachOf(caller),
          limit: query.limit + 1,
          afterId: idAfter(query.cursor),
          newestFirst: query.order === 'newest',
        });
        const page = pageOf(tokens, query.limit, ({ id }) => [id]);
        return { status: 200, body: { data: page.data.map(presentToken), next: page.next } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/tokens',
      summary: 'Create a personal access token, shown this once',
      access,
      idempotencyKey: true,
      body: newTokenBody,
      answers: { 201: issuedTokenAnswer },
      async handle({ body, ...call }) {
        const userId = requireUser(call);
        await deps.refuseRepeat(call, '/api/tokens');
        const issued = await deps.issue({
          kind: deps.kind,
          grantor: await requireGrantor(deps.findGrantor, call, body.workspace_id, MANAGE),
          userId,
          createdBy: userId,
          name: body.name,
          scopes: body.scopes ?? body.abilities ?? null,
          expiresAt: timeOf(body.expires_at),
          within: (write, idOf) => deps.once(call, '/api/tokens', write, idOf),
        });
        return { status: 201, body: presentIssuedToken(issued) };
      },
    }),
    // Before the route with an id, which would take the word for one.
    route({
      method: 'DELETE',
      path: '/api/tokens/current',
      summary: 'End the personal access token in use, whatever its scopes',
      access: 'any_credential',
      answers: { 204: null },
      async handle({ principal: { credential } }) {
        const isToken = credential.type === 'personal_access_token' && typeof credential.id === 'number';
        const token = isToken ? await deps.credentials.find('personal_access_token', Number(credential.id)) : null;
        if (token === null) throw new NotFound();
        return end(token, 'ended itself');
      },
    }),
    route({
      method: 'GET',
      path: '/api/tokens/:id',
      summary: 'Show one of your personal access tokens',
      access,
      answers: { 200: tokenAnswer },
      async handle({ params, ...caller }) {
        return { status: 200, body: presentToken(await own(caller, params.id)) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/tokens/:id',
      summary: 'End one of your personal access tokens',
      access,
      answers: { 204: null },
      async handle({ params, ...caller }) {
        return end(await own(caller, params.id), 'deleted');
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/tokens',
      summary: 'End all your personal access tokens; needs your password',
      access,
      body: revokeAllBody,
      answers: { 204: null },
      async handle({ body, request, ...caller }) {
        const userId = requireUser(caller);
        const confirmed = await deps.confirmPassword({
          userId,
          password: body.password,
          address: request.address,
        });
        if (confirmed.outcome === 'throttled') throw new TooManyRequests(confirmed.retryAfterSeconds);
        if (confirmed.outcome === 'wrong') throw new InvalidInput({ password: ['The password is incorrect.'] });
        await deps.credentials.revokeTokensOf(userId, 'all deleted');
        return { status: 204 };
      },
    }),
  ];
}

/** A program or a key has no personal access tokens, whatever its scopes. */
function requireUser(caller: Pick<CredentialCaller, 'principal'>): number {
  const userId = userIdOf(caller);
  if (userId === null) throw unauthorizedAction('only a person has personal access tokens');
  return userId;
}

/** A token of one workspace does not reach those of another; a person in a session does. */
function reachOf({ principal: { credential, workspaceId } }: Pick<CredentialCaller, 'principal'>): number | null {
  return credential.type === 'session' ? null : (workspaceId ?? 0);
}
