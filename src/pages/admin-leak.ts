import type { Middleware } from 'koa';
import { z } from 'zod';
import { NotFound } from '../core/errors.ts';
import { namesFor } from './admin-audit.ts';
import { adminForm, adminPage } from './admin-parts.ts';
import { readWords } from './app-pages.ts';
import { auditListAnswer, eventsInWords, kindInWords, thing } from './audit-in-words.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { scopesInWords } from './scope-choices.ts';
import { futureTime, pastTime } from './times.ts';

const SCOPES = ['admin:audit'];
const identifier = z.union([z.number(), z.string()]);

const foundAnswer = z.object({
  type: z.string().nullable(),
  id: identifier.nullable(),
  name: z.string().nullable(),
  state: z.enum(['active', 'expired', 'revoked', 'suspended', 'owner_inactive', 'unknown']),
  subject: z.object({ type: z.string(), id: identifier }).nullable(),
  workspace_id: z.number().nullable(),
  expires_at: z.string().nullable(),
  scopes: z.array(z.string()).nullable(),
  last_used_at: z.string().nullable(),
  last_used_address: z.string().nullable(),
});
const searchAnswer = auditListAnswer.extend({ credential: foundAnswer });

type Found = z.output<typeof foundAnswer>;

const STATES: Readonly<Record<Found['state'], string>> = {
  active: 'It works. Whoever has it can use it now.',
  expired: 'It has expired and opens nothing.',
  revoked: 'It is revoked and opens nothing.',
  suspended: 'It opens nothing while its workspace is suspended, and works again when that is resumed.',
  owner_inactive: 'It opens nothing while its owner is shut out, and works again when they are let in.',
  unknown: 'It is no credential of this server, only a part of one, or gone without a trace.',
};

/** Builds the form into which a leaked credential is pasted. */
export function leakPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => showForm(page, [], 200));
}

/** Builds what it does: says what the credential is and what it did. The credential itself is neither kept nor shown. */
export function findLeak(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page, form) => {
    const credential = form.text('credential').trim();
    const found = await page.attempt(searchAnswer, {
      method: 'POST',
      path: '/api/audit/search',
      body: { credential },
    });
    if (!found.ok) return showForm(page, pasteFault(found.errors), 422);
    const { credential: what, data, next } = found.value;
    page.show(
      'admin-leak-found',
      { title: 'A leaked credential', section: 'admin' },
      {
        found: await inWords(page, what),
        mayEnd: page.can('admin:users') && what.state !== 'unknown',
        events: eventsInWords(data, await namesFor(page, data), new Date()),
        more: next !== null && what.type !== null && what.id !== null ? trailOf(what.type, what.id) : null,
      },
    );
  });
}

/** Builds what ends it: by the whole value, pasted once more, because it was kept nowhere. */
export function endLeak(parts: PageParts): Middleware {
  return adminForm(parts, ['admin:users'], async (page, form) => {
    const credential = form.text('credential').trim();
    const ended = await page.attempt(foundAnswer, {
      method: 'POST',
      path: '/api/credentials/revoke',
      body: { credential },
    });
    if (!ended.ok) return showForm(page, pasteFault(ended.errors), 422);
    page.show(
      'admin-leak-ended',
      { title: 'It is ended', section: 'admin', width: 'wide' },
      { found: await inWords(page, ended.value) },
    );
  });
}

/** Says what to do; what was pasted is in none of the sentences. */
function pasteFault(errors: readonly FieldError[]): readonly FieldError[] {
  const isUnknown = errors.some(({ sentence }) => sentence.startsWith('This is no credential'));
  const sentence = isUnknown
    ? 'This is no credential of this server, or only a part of one. Paste the whole of it.'
    : 'Paste the whole credential, and nothing else.';
  return [{ field: 'credential', sentence }];
}

function trailOf(type: string, id: string | number): string {
  return `/admin/audit?${new URLSearchParams({ target_type: type, target_id: String(id) })}`;
}

async function inWords(page: PersonPage, found: Found): Promise<object> {
  const { type, id, name, state, subject, workspace_id: workspaceId, expires_at: expiresAt, scopes } = found;
  const [subjectName, workspaceName] = await Promise.all([
    subject?.type === 'user' ? nameOf(page, '/api/users/:id', subject.id) : null,
    workspaceId === null ? null : nameOf(page, '/api/workspaces/:id', workspaceId),
  ]);
  const isOfWorkspace = subject?.type === 'workspace';
  return {
    kind: type === null ? null : kindInWords(type),
    id,
    name,
    works: state === 'active',
    known: state !== 'unknown',
    state: STATES[state],
    subject: subject === null || isOfWorkspace ? null : named(subject.type, subject.id, subjectName),
    workspace: workspaceId === null ? null : named('workspace', workspaceId, workspaceName),
    scopes: scopes === null ? null : scopesInWords(await readWords(page), scopes),
    used: usedInWords(found),
    ends: expiresAt === null ? null : futureTime(expiresAt, new Date()),
  };
}

/** The last use, of what has one of its own: null for everything else, `{ time: null }` for never. */
function usedInWords({ type, last_used_at: at, last_used_address: address }: Found): object | null {
  if (type === null || !USED_BY_ITSELF.has(type)) return null;
  return { time: at === null ? null : pastTime(at, new Date()), address };
}

const USED_BY_ITSELF: ReadonlySet<string> = new Set(['api_key', 'personal_access_token', 'client_secret']);

/** What somebody or something is called, as far as the person may know it. */
async function nameOf(page: PersonPage, path: string, id: string | number): Promise<string | null> {
  if (!page.can('admin:users')) return null;
  try {
    const { name, email } = await page.api(nameAnswer, { method: 'GET', path, params: { id: String(id) } });
    return name || (email ?? null);
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}

const nameAnswer = z.object({ name: z.string(), email: z.string().optional() });

function named(type: string, id: string | number, name: string | null): ReturnType<typeof thing> {
  const plain = thing(type, id, new Map());
  return name === null ? plain : { ...plain, words: name };
}

function showForm(page: PersonPage, errors: readonly FieldError[], status: number): void {
  page.show('admin-leak', { title: 'A leaked credential', section: 'admin', width: 'wide', status }, { errors });
}
