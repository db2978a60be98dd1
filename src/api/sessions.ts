import { z } from 'zod';
import { InvalidInput, NotFound } from '../core/errors.ts';
import type { Session } from '../users/session.ts';
import type { SessionRepository } from '../users/session-repository.ts';
import { pageOf, pageQuery } from './cursor.ts';
import { type AnyRoute, type ApiCall, route } from './route.ts';
import { idAfter, rowId } from './row-id.ts';

/** What the routes of a person's own sessions need. */
export interface SessionRoutesDeps {
  readonly sessions: Pick<SessionRepository, 'listOfUser' | 'endOwn' | 'endOfUser' | 'setWorkspace'>;
}

const sessionAnswer = z.object({
  id: z.number().int(),
  /** True for the session that asks. */
  current: z.boolean(),
  workspace_id: z.number().int().nullable(),
  address: z.string(),
  user_agent: z.string(),
  authenticated_at: z.iso.datetime(),
  last_seen_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});
const listAnswer = z.object({ data: z.array(sessionAnswer), next: z.string().nullable() });

const switchBody = z.strictObject({ workspace_id: z.number().int().positive().max(Number.MAX_SAFE_INTEGER) });

/** The routes of `/api/sessions`, for a person in a session: where they are signed in, and how to end that. */
export function sessionRoutes({ sessions }: SessionRoutesDeps): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/api/sessions',
      summary: 'List the browsers you are signed in at, the newest sign-in first',
      access: 'session',
      query: pageQuery,
      answers: { 200: listAnswer },
      async handle({ query, ...caller }) {
        const { userId, sessionId } = ownOf(caller);
        const beforeId = idAfter(query.cursor);
        const rows = await sessions.listOfUser(userId, {
          limit: query.limit + 1,
          beforeId: beforeId === 0 ? null : beforeId,
        });
        const { data, next } = pageOf(rows, query.limit, ({ id }) => [id]);
        return { status: 200, body: { data: data.map((one) => presentSession(one, sessionId)), next } };
      },
    }),
    // Before the route with an id, which would take the word for one.
    route({
      method: 'PATCH',
      path: '/api/sessions/current',
      summary: 'Go to another workspace of yours',
      access: 'session',
      body: switchBody,
      answers: { 200: sessionAnswer },
      async handle({ body, ...caller }) {
        const { sessionId } = ownOf(caller);
        const moved = await sessions.setWorkspace(sessionId, body.workspace_id);
        if (moved === null) throw new InvalidInput({ workspace_id: ['This is no workspace that you can work in.'] });
        return { status: 200, body: presentSession(moved, sessionId) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/sessions/:id',
      summary: 'Sign out one of your browsers',
      access: 'session',
      answers: { 204: null },
      async handle({ params, ...caller }) {
        if (!(await sessions.endOwn(ownOf(caller).userId, rowId(params.id)))) throw new NotFound();
        return { status: 204 };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/sessions',
      summary: 'Sign out all of your browsers but this one',
      access: 'session',
      answers: { 204: null },
      async handle(caller) {
        const { userId, sessionId } = ownOf(caller);
        await sessions.endOfUser(userId, sessionId);
        return { status: 204 };
      },
    }),
  ];
}

function ownOf({ principal }: Pick<ApiCall<unknown, unknown>, 'principal'>): {
  readonly userId: number;
  readonly sessionId: number;
} {
  return { userId: Number(principal.subject.id), sessionId: Number(principal.credential.id) };
}

function presentSession(session: Session, currentId: number): z.input<typeof sessionAnswer> {
  return {
    id: session.id,
    current: session.id === currentId,
    workspace_id: session.workspaceId,
    address: session.address,
    user_agent: session.userAgent,
    authenticated_at: session.authenticatedAt.toISOString(),
    last_seen_at: session.lastSeenAt.toISOString(),
    created_at: session.createdAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
  };
}
