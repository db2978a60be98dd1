import type { Middleware } from 'koa';
import { z } from 'zod';
import { administrationScopes, adminPage, given, listOf, moreOf, paramOf, queryOf } from './admin-parts.ts';
import { thing } from './audit-in-words.ts';
import type { PageParts } from './page-parts.ts';
import { scopesInWords, type Vocabulary, vocabularyAnswer } from './scope-choices.ts';

const holderAnswer = z.object({
  type: z.string(),
  id: z.union([z.number(), z.string()]),
  name: z.string(),
  workspace_id: z.number(),
  workspace_name: z.string(),
  user_id: z.number().nullable(),
  by: z.array(z.string()),
});

const KINDS = [
  { kind: 'user', label: 'People, by their role' },
  { kind: 'personal_access_token', label: 'Personal access tokens' },
  { kind: 'api_key', label: 'API keys' },
  { kind: 'client', label: 'Apps' },
] as const;

/** Builds the page of the whole vocabulary: scopes by resource, and what each role grants. */
export function adminScopesPage(parts: PageParts): Middleware {
  return adminPage(parts, administrationScopes, async (page) => {
    const vocabulary = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
    page.show(
      'admin-scopes',
      { title: 'Scopes', section: 'admin' },
      {
        groups: groupsOf(vocabulary),
        roles: Object.entries(vocabulary.roles).map(([name, entries]) => ({
          name,
          scopes: scopesInWords(vocabulary, entries, 'workspace'),
        })),
        mayAsk: page.can('admin:users'),
      },
    );
  });
}

/** Builds the page of one scope: what it is, and who holds it now. */
export function adminScopePage(parts: PageParts): Middleware {
  return adminPage(parts, ['admin:users'], async (page) => {
    const name = paramOf(page, 'name');
    const asked = queryOf(page, 'kind');
    const kind = KINDS.find((one) => one.kind === asked)?.kind ?? 'user';
    const path = `/admin/scopes/${encodeURIComponent(name)}`;
    const [vocabulary, { data, next }] = await Promise.all([
      page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' }),
      page.api(listOf(holderAnswer), {
        method: 'GET',
        path: '/api/scopes/:name/holders',
        params: { name },
        query: given({ limit: '50', kind, cursor: queryOf(page, 'cursor') }),
      }),
    ]);
    const scope = vocabulary.scopes.find((one) => one.name === name);
    page.show(
      'admin-scope',
      { title: name, section: 'admin' },
      {
        scope: { name, description: scope?.description ?? '', marks: scope === undefined ? [] : marksOf(scope) },
        kinds: KINDS.map((one) => ({ ...one, href: `${path}?kind=${one.kind}`, chosen: one.kind === kind })),
        kind: KINDS.find((one) => one.kind === kind)?.label ?? '',
        isRole: kind === 'user',
        holders: data.map((holder) => ({ ...holder, href: thing(holder.type, holder.id, new Map()).href })),
        more: moreOf(path, next, { kind }),
      },
    );
  });
}

type Scope = Vocabulary['scopes'][number];

function groupsOf({ scopes }: Vocabulary) {
  const groups = new Map<string, { name: string; description: string; marks: readonly Mark[] }[]>();
  for (const scope of scopes) {
    const resource = scope.name.includes(':') ? (scope.name.split(':')[0] ?? '') : 'other';
    const rows = groups.get(resource) ?? [];
    rows.push({ name: scope.name, description: scope.description, marks: marksOf(scope) });
    groups.set(resource, rows);
  }
  return [...groups].map(([title, rows]) => ({ title, scopes: rows }));
}

interface Mark {
  readonly label: string;
  readonly sentence: string;
}

/** What is special about a scope. */
function marksOf(scope: Scope): readonly Mark[] {
  const marks = [
    { when: scope.default, label: 'Default', sentence: 'Given where nobody asks for particular scopes.' },
    {
      when: scope.protected,
      label: 'Protected',
      sentence:
        'Out of reach of wildcards that cross resources, such as *:read: only by its own name, its resource or *.',
    },
    {
      when: scope.server,
      label: 'Server',
      sentence: 'Counts in the first workspace alone, which is the server’s own.',
    },
  ];
  return marks.filter(({ when }) => when).map(({ label, sentence }) => ({ label, sentence }));
}
