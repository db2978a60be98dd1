import type { Middleware } from 'koa';
import { z } from 'zod';
import { adminForm, adminPage, listOf, noticeIn, orSignInAgain } from './admin-parts.ts';
import { requireFresh } from './fresh-sign-in.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { futureTime, pastTime } from './times.ts';

const SCOPES = ['admin:clients'];

const keyAnswer = z.object({
  kid: z.string(),
  alg: z.string(),
  status: z.enum(['waiting', 'active', 'retiring']),
  created_at: z.string(),
  active_from: z.string(),
  retires_at: z.string().nullable(),
});

const STATES: Readonly<
  Record<z.output<typeof keyAnswer>['status'], { readonly label: string; readonly sentence: string }>
> = {
  active: { label: 'Signs now', sentence: 'New ID tokens and JWTs are signed with it.' },
  waiting: { label: 'Waits', sentence: 'Published already, so that everybody has learnt it before it signs.' },
  retiring: { label: 'Retires', sentence: 'Signs nothing new. It stays published while what it signed is valid.' },
};

/** The ways to replace the key. */
const WAYS: Readonly<Record<string, { readonly immediately?: true; readonly withdraw?: true }>> = {
  planned: {},
  immediately: { immediately: true },
  withdraw: { withdraw: true },
};

/** Builds the list of signing keys. */
export function adminSigningKeysPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    const { data } = await page.api(listOf(keyAnswer), { method: 'GET', path: '/api/signing-keys' });
    const now = new Date();
    page.show(
      'admin-signing-keys',
      { title: 'Signing keys', section: 'admin' },
      {
        notice: noticeIn(page),
        isWaiting: data.some(({ status }) => status === 'waiting'),
        keys: data.map((key) => ({
          ...key,
          state: STATES[key.status],
          made: pastTime(key.created_at, now),
          signs: key.status === 'waiting' ? futureTime(key.active_from, now) : pastTime(key.active_from, now),
          ends: key.retires_at === null ? null : futureTime(key.retires_at, now),
        })),
      },
    );
  });
}

/** Builds the page that asks how the key is to be replaced. */
export function rotateSigningKeyPage(parts: PageParts): Middleware {
  return adminPage(parts, SCOPES, async (page) => {
    if (requireFresh(page)) show(page, 'planned', [], 200);
  });
}

/** Builds what that form does; it takes a password given lately. */
export function rotateSigningKey(parts: PageParts): Middleware {
  return adminForm(parts, SCOPES, async (page, form) => {
    const way = form.text('way');
    const body = Object.hasOwn(WAYS, way) ? WAYS[way] : undefined;
    if (body === undefined) return show(page, 'planned', [{ field: 'way', sentence: 'Choose one of the ways.' }], 422);
    await orSignInAgain(page, '/admin/signing-keys/rotate', async () => {
      const rotated = await page.attempt(keyAnswer, { method: 'POST', path: '/api/signing-keys/rotate', body });
      if (rotated.ok) seeOther(page.context, '/admin/signing-keys?notice=key-rotated');
      else show(page, way, rotated.errors, rotated.conflict ? 409 : 422);
    });
  });
}

function show(page: PersonPage, way: string, errors: readonly FieldError[], status: number): void {
  page.show(
    'admin-signing-keys-rotate',
    { title: 'Replace the signing key', section: 'admin', width: 'wide', status },
    { errors, way },
  );
}
