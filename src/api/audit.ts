import { z } from 'zod';
import { auditActionNames, type StoredAuditEvent } from '../audit/audit-event.ts';
import type { AuditFilter, AuditRepository } from '../audit/audit-repository.ts';
import type { FindCredential } from '../audit/find-credential.ts';
import { InvalidInput } from '../core/errors.ts';
import { pageOf, pageQuery, readCursor } from './cursor.ts';
import { foundCredentialAnswer, presentFound } from './found-credential.ts';
import { type AnyRoute, route } from './route.ts';

/** What the audit routes need. */
export interface AuditRoutesDeps {
  readonly events: Pick<AuditRepository, 'list'>;
  readonly findCredential: FindCredential;
}

const access = { scopes: ['admin:audit'] } as const;

const name = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\0]*$/, 'Must not contain control characters');
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** Query of `GET /api/audit`; every member narrows. */
const auditQuery = pageQuery.extend({
  actor_type: name.optional(),
  actor_id: name.optional(),
  action: z.enum(auditActionNames).optional(),
  outcome: z.enum(['done', 'refused']).optional(),
  target_type: name.optional(),
  target_id: name.optional(),
  credential_type: name.optional(),
  credential_id: name.optional(),
  workspace_id: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
  request_id: name.optional(),
  from: moment.optional(),
  to: moment.optional(),
});

/** Body of `POST /api/audit/search`: a credential must not travel in a URL. */
const searchBody = z.strictObject({
  credential: z.string().min(1).max(8192),
  limit: z.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

const identifier = z.union([z.number().int(), z.string()]);
const something = z.object({ type: z.string(), id: identifier });

const eventAnswer = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  action: z.string(),
  outcome: z.enum(['done', 'refused']),
  actor: something.extend({ id: identifier.nullable() }),
  credential: something.nullable(),
  workspace_id: z.number().int().nullable(),
  target: z.object({ type: z.string().nullable(), id: identifier.nullable() }),
  address: z.string().nullable(),
  request_id: z.string().nullable(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
});
const listAnswer = z.object({ data: z.array(eventAnswer), next: z.string().nullable() });

const searchAnswer = listAnswer.extend({ credential: foundCredentialAnswer });

/** The routes of `/api/audit`, for callers that cover `admin:audit`. */
export function auditRoutes({ events, findCredential }: AuditRoutesDeps): readonly AnyRoute[] {
  async function list(
    filter: AuditFilter,
    limit: number,
    cursor: string | undefined,
  ): Promise<z.input<typeof listAnswer>> {
    const rows = await events.list(filter, { limit: limit + 1, beforeId: idBefore(cursor) });
    const { data, next } = pageOf(rows, limit, ({ id }) => [id]);
    return { data: data.map(presentEvent), next };
  }

  return [
    route({
      method: 'GET',
      path: '/api/audit',
      summary: 'List what was done by whom, the newest first',
      access,
      query: auditQuery,
      answers: { 200: listAnswer },
      async handle({ query: { limit, cursor, ...query } }) {
        return { status: 200, body: await list(filterOf(query), limit, cursor) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/audit/search',
      summary: 'Say what a pasted credential is, and list the events about it and by it',
      access,
      body: searchBody,
      answers: { 200: searchAnswer },
      async handle({ body: { credential, limit, cursor } }) {
        const found = await findCredential(credential);
        const page = await list({ concerning: found.concerning }, limit, cursor);
        return { status: 200, body: { credential: presentFound(found), ...page } };
      },
    }),
  ];
}

function filterOf(query: Omit<z.output<typeof auditQuery>, 'limit' | 'cursor'>): AuditFilter {
  const { actor_type, actor_id, action, outcome, target_type, target_id, from, to } = query;
  const { credential_type, credential_id, workspace_id, request_id } = query;
  return {
    ...(actor_type !== undefined && { actorType: actor_type }),
    ...(actor_id !== undefined && { actorId: actor_id }),
    ...(action !== undefined && { action }),
    ...(outcome !== undefined && { outcome }),
    ...(target_type !== undefined && { targetType: target_type }),
    ...(target_id !== undefined && { targetId: target_id }),
    ...(credential_type !== undefined && { credentialType: credential_type }),
    ...(credential_id !== undefined && { credentialId: credential_id }),
    ...(workspace_id !== undefined && { workspaceId: workspace_id }),
    ...(request_id !== undefined && { requestId: request_id }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

const position = z.tuple([z.number().int().positive()]);

function idBefore(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  const before = readCursor(cursor, position);
  if (before === null) throw new InvalidInput({ cursor: ['Unknown cursor.'] });
  return before[0];
}

function presentEvent(event: StoredAuditEvent): z.input<typeof eventAnswer> {
  return {
    id: event.id,
    at: event.at.toISOString(),
    action: event.action,
    outcome: event.outcome,
    actor: { type: event.actor.type, id: presentId(event.actor.id) },
    credential: event.credential && { type: event.credential.type, id: presentId(event.credential.id) ?? '' },
    workspace_id: event.workspaceId,
    target: { type: event.target.type, id: presentId(event.target.id) },
    address: event.address,
    request_id: event.requestId,
    before: event.before && { ...event.before },
    after: event.after && { ...event.after },
  };
}

/** Ids that are numbers elsewhere are numbers here. */
function presentId(id: string | null): string | number | null {
  return id !== null && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id;
}
