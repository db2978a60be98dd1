import type { Middleware } from 'koa';
import { auditActionNames } from '../audit/audit-event.ts';
import { NotFound } from '../core/errors.ts';
import { adminPage, given, listOf, moreOf, queryOf, userAnswer } from './admin-parts.ts';
import { type AuditEventAnswer, auditListAnswer, eventsInWords, kindInWords, usersIn } from './audit-in-words.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';

const SCOPES = ['admin:audit'];
const ACTORS = ['user', 'client', 'workspace', 'system', 'anonymous'];
const TARGETS = [
  ...['api_key', 'client', 'client_secret', 'grant', 'personal_access_token'],
  ...['route', 'session', 'signing_key', 'user', 'workspace'],
];
/** Users whose names a page looks up: more would make it slow, and numbers do as well. */
const MOST_NAMES = 20;

interface Filters {
  readonly actor_type: string;
  readonly actor: string;
  readonly action: string;
  readonly outcome: string;
  readonly target_type: string;
  readonly target_id: string;
  readonly from: string;
  readonly to: string;
}

/** Builds the audit trail with its filters. */
export function adminAuditPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const filters = filtersOf(page);
    const asked = await queryFor(page, filters);
    const found =
      asked.errors.length > 0
        ? { ok: false as const, errors: asked.errors }
        : await page.attempt(auditListAnswer, {
            method: 'GET',
            path: '/api/audit',
            query: given({ ...asked.query, limit: '50', cursor: queryOf(page, 'cursor') }),
          });
    const { data, next } = found.ok ? found.value : { data: [], next: null };
    page.show(
      'admin-audit',
      { title: 'Audit trail', section: 'admin', status: found.ok ? 200 : 422 },
      {
        errors: found.ok ? [] : found.errors,
        filters,
        isFiltered: Object.values(filters).some((value) => value !== ''),
        actions: auditActionNames,
        actorTypes: ACTORS.map((type) => ({ type, words: actorInWords(type) })),
        targetTypes: TARGETS.map((type) => ({ type, words: type === 'route' ? 'a call' : kindInWords(type) })),
        events: eventsInWords(data, await namesFor(page, data), new Date()),
        first: queryOf(page, 'cursor') === '',
        more: moreOf('/admin/audit', next, { ...filters }),
      },
    );
  });
}

/** Finds the names of the users that events name, as far as the person may know them. */
export async function namesFor(
  page: PersonPage,
  events: readonly AuditEventAnswer[],
): Promise<ReadonlyMap<number, string>> {
  const ids = page.can('admin:users') ? usersIn(events).slice(0, MOST_NAMES) : [];
  const users = await Promise.all(
    ids.map((id) =>
      page.api(userAnswer, { method: 'GET', path: '/api/users/:id', params: { id: String(id) } }).catch(nullWhereGone),
    ),
  );
  return new Map(users.flatMap((user) => (user === null ? [] : [[user.id, user.name || user.email] as const])));
}

function nullWhereGone(error: unknown): null {
  if (error instanceof NotFound) return null;
  throw error;
}

function filtersOf(page: PersonPage): Filters {
  const read = (name: string): string => queryOf(page, name).slice(0, 300);
  return {
    actor_type: read('actor_type'),
    actor: read('actor'),
    action: read('action'),
    outcome: read('outcome'),
    target_type: read('target_type'),
    target_id: read('target_id'),
    from: read('from'),
    to: read('to'),
  };
}

/** What the API is asked: an address becomes the number of its user, and days become moments. */
async function queryFor(
  page: PersonPage,
  { actor, from, to, ...rest }: Filters,
): Promise<{ readonly query: Record<string, string>; readonly errors: readonly FieldError[] }> {
  const who = actor.includes('@') ? await userWith(page, actor) : actor;
  const days = { from: momentOf(from, 0), to: momentOf(to, 1) };
  const errors = [
    ...(who === null ? [{ field: 'actor', sentence: 'There is no user with this address.' }] : []),
    ...(['from', 'to'] as const).flatMap((field) =>
      days[field] === null ? [{ field, sentence: 'Write the day as 2026-01-31.' }] : [],
    ),
  ];
  const isAddress = actor.includes('@');
  return {
    errors,
    query: given({
      ...rest,
      ...(isAddress && { actor_type: 'user' }),
      actor_id: who ?? '',
      from: days.from ?? '',
      to: days.to ?? '',
    }),
  };
}

async function userWith(page: PersonPage, email: string): Promise<string | null> {
  if (!page.can('admin:users')) return null;
  const { data } = await page.api(listOf(userAnswer), { method: 'GET', path: '/api/users', query: { email } });
  return data[0] === undefined ? null : String(data[0].id);
}

/** The beginning of a day in UTC, so many days later; empty for none, null for what is no day. */
function momentOf(day: string, daysLater: number): string | null {
  if (day === '') return '';
  const start = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(start) ? null : new Date(start + daysLater * 86_400_000).toISOString();
}

function actorInWords(type: string): string {
  if (type === 'system') return 'the server itself';
  return type === 'anonymous' ? 'nobody known' : kindInWords(type);
}
