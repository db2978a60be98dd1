import type { Middleware } from 'koa';
import { administrationScopes, adminPage } from './admin-parts.ts';
import { auditListAnswer, eventsInWords } from './audit-in-words.ts';
import { type Finding, healthAnswer, healthFindings } from './health-findings.ts';
import type { PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';

interface Place {
  readonly href: string;
  readonly label: string;
  readonly sentence: string;
  /** Any of these opens it. */
  readonly scopes: readonly string[];
}

const PLACES: readonly Place[] = [
  {
    href: '/admin/users',
    label: 'Users',
    sentence: 'Invite people, shut them out, let them in.',
    scopes: ['admin:users'],
  },
  {
    href: '/admin/workspaces',
    label: 'Workspaces',
    sentence: 'Members, tiers, ceilings; suspend and resume.',
    scopes: ['admin:users'],
  },
  {
    href: '/clients',
    label: 'Apps',
    sentence: 'OAuth clients, their secrets and ceilings.',
    scopes: ['admin:clients'],
  },
  {
    href: '/admin/signing-keys',
    label: 'Signing keys',
    sentence: 'What signs ID tokens and JWTs; replace it.',
    scopes: ['admin:clients'],
  },
  {
    href: '/admin/scopes',
    label: 'Scopes',
    sentence: 'The vocabulary, the roles, and who holds what.',
    scopes: administrationScopes,
  },
  {
    href: '/admin/audit',
    label: 'Audit trail',
    sentence: 'What was done, by whom, from where.',
    scopes: ['admin:audit'],
  },
  {
    href: '/admin/audit/leak',
    label: 'A leaked credential',
    sentence: 'Find out what it is and what it did, and end it.',
    scopes: ['admin:audit'],
  },
  {
    href: '/admin/health',
    label: 'Health',
    sentence: 'The process, its database, its work.',
    scopes: ['admin:metrics'],
  },
];

/** Builds `/admin`: what needs attention first, then every place that the person's scopes open. */
export function adminOverviewPage(parts: PageParts): Middleware {
  return adminPage(parts, administrationScopes, async (page) => {
    const [findings, refused] = await Promise.all([findingsFor(page), refusedLately(page)]);
    page.show(
      'admin',
      { title: 'Administration', section: 'admin' },
      {
        findings,
        refused,
        places: PLACES.filter(({ scopes }) => scopes.some(page.can)),
      },
    );
  });
}

/** Null for somebody who may not ask. */
async function findingsFor(page: PersonPage): Promise<readonly Finding[] | null> {
  if (!page.can('admin:metrics')) return null;
  return healthFindings(await page.api(healthAnswer, { method: 'GET', path: '/api/health' }), new Date());
}

/** What was tried and refused within a day, the newest first; null for somebody who may not ask. */
async function refusedLately(page: PersonPage): Promise<ReturnType<typeof eventsInWords> | null> {
  if (!page.can('admin:audit')) return null;
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const { data } = await page.api(auditListAnswer, {
    method: 'GET',
    path: '/api/audit',
    query: { outcome: 'refused', limit: '5', from },
  });
  return eventsInWords(data, new Map(), new Date());
}
