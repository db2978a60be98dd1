import { z } from 'zod';
import { auditActions } from '../audit/audit-event.ts';
import { pastTime, type ShownTime } from './times.ts';

const identifier = z.union([z.number(), z.string()]);

/** An event as the API answers it. */
export const auditEventAnswer = z.object({
  id: z.number(),
  at: z.string(),
  action: z.string(),
  outcome: z.enum(['done', 'refused']),
  actor: z.object({ type: z.string(), id: identifier.nullable() }),
  credential: z.object({ type: z.string(), id: identifier }).nullable(),
  workspace_id: z.number().nullable(),
  target: z.object({ type: z.string().nullable(), id: identifier.nullable() }),
  address: z.string().nullable(),
  request_id: z.string().nullable(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
});

/** A page of the trail. */
export const auditListAnswer = z.object({ data: z.array(auditEventAnswer), next: z.string().nullable() });

/** An event as the API answers it. */
export type AuditEventAnswer = z.output<typeof auditEventAnswer>;

/** Somebody or something in a list of events, with the page about it where there is one. */
export interface NamedThing {
  readonly words: string;
  readonly href: string | null;
}

/** An event in words. */
export interface EventInWords {
  readonly id: number;
  readonly at: ShownTime;
  readonly action: string;
  readonly refused: boolean;
  readonly sentence: string;
  readonly actor: NamedThing;
  readonly target: NamedThing | null;
  readonly credential: string | null;
  readonly workspace: NamedThing | null;
  readonly address: string | null;
  readonly requestId: string | null;
  /** Field by field, what was and what is; null on a side that says nothing. */
  readonly changes: readonly {
    readonly field: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
}

/** Puts events into words; `names` are those of users whose names are known. */
export function eventsInWords(
  events: readonly AuditEventAnswer[],
  names: ReadonlyMap<number, string>,
  now: Date,
): readonly EventInWords[] {
  return events.map((event) => ({
    id: event.id,
    at: pastTime(event.at, now),
    action: event.action,
    refused: event.outcome === 'refused',
    sentence: sentenceOf(event.action),
    actor: thing(event.actor.type, event.actor.id, names),
    target:
      event.target.type === null || event.target.id === null ? null : thing(event.target.type, event.target.id, names),
    credential: event.credential && `${kindInWords(event.credential.type)} ${event.credential.id}`,
    workspace: event.workspace_id === null ? null : thing('workspace', event.workspace_id, names),
    address: event.address,
    requestId: event.request_id,
    changes: changesOf(event),
  }));
}

/** Ids of the users that events name. */
export function usersIn(events: readonly AuditEventAnswer[]): readonly number[] {
  const ids = events.flatMap(({ actor, target }) =>
    [actor, target].flatMap(({ type, id }) => (type === 'user' && typeof id === 'number' ? [id] : [])),
  );
  return [...new Set(ids)];
}

function sentenceOf(action: string): string {
  const known: Readonly<Record<string, { readonly sentence: string }>> = auditActions;
  return Object.hasOwn(known, action) ? (known[action]?.sentence ?? action) : 'An older version wrote this.';
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['api_key', 'API key'],
  ['personal_access_token', 'personal access token'],
  ['oauth_access_token', 'access token of an app'],
  ['oauth_client_token', 'token of a program'],
  ['oauth_refresh_token', 'refresh token'],
  ['client', 'app'],
  ['client_secret', 'client secret'],
  ['grant', 'agreement with an app'],
  ['session', 'session'],
  ['signing_key', 'signing key'],
  ['user', 'user'],
  ['workspace', 'workspace'],
]);

/** Says a kind of thing or credential in words. */
export function kindInWords(type: string): string {
  return KINDS.get(type) ?? type;
}

/** Names something, with the page about it where there is one. */
export function thing(type: string, id: string | number | null, names: ReadonlyMap<number, string>): NamedThing {
  if (type === 'anonymous') return { words: 'nobody known', href: null };
  if (type === 'system') return { words: 'the server itself', href: null };
  if (id === null) return { words: kindInWords(type), href: null };
  if (type === 'route') return { words: String(id), href: null };
  const name = type === 'user' && typeof id === 'number' ? names.get(id) : undefined;
  return { words: name ?? `${kindInWords(type)} ${id}`, href: hrefOf(type, id) };
}

const PLACES: ReadonlyMap<string, string> = new Map([
  ['user', '/admin/users/'],
  ['workspace', '/admin/workspaces/'],
  ['client', '/clients/'],
]);

function hrefOf(type: string, id: string | number): string | null {
  const place = PLACES.get(type);
  return place === undefined ? null : `${place}${encodeURIComponent(String(id))}`;
}

function changesOf({ before, after }: AuditEventAnswer): EventInWords['changes'] {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return fields.map((field) => ({ field, before: shownValue(before, field), after: shownValue(after, field) }));
}

function shownValue(fields: Readonly<Record<string, unknown>> | null, field: string): string | null {
  const value = fields?.[field];
  if (value === undefined) return null;
  if (value === null) return 'none';
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(' ') || 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
