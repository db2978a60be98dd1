import type { Middleware } from 'koa';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import { keyForm, keyPage } from './key-access.ts';
import { issuedKeyAnswer, type Key, readKey, readSurroundings, showKey } from './key-answers.ts';
import { showMade, showMadeBefore } from './key-new.ts';
import { onceInAddress, onceOf } from './once-in-address.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { futureTime } from './times.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** For how long the old key can go on working; seconds. */
const GRACES: readonly (readonly [seconds: number, label: string])[] = [
  [HOUR, '1 hour'],
  [DAY, '1 day'],
  [3 * DAY, '3 days'],
  [7 * DAY, '7 days'],
];

/** `GET /keys/:id/rotate`: explains the steps, and asks for how long both keys shall work. */
export function rotateKeyPage(parts: PageParts): Middleware {
  return keyPage(parts, async (page) => {
    const key = await readKey(page);
    if (!requireFreshToGrant(page, key.scopes, page.context.url)) return;
    const once = onceInAddress(page);
    if (once !== null) await showForm(page, key, { once });
  });
}

/** `POST /keys/:id/rotate`: makes the new key and shows it, this once. The same form sent again says so. */
export function rotateKey(parts: PageParts): Middleware {
  return keyForm(parts, async (page, form) => {
    const key = await readKey(page);
    if (!requireFreshToGrant(page, key.scopes, `/keys/${key.id}/rotate`)) return;
    const grace = [0, ...GRACES.map(([seconds]) => seconds)].find((seconds) => String(seconds) === form.text('grace'));
    if (grace === undefined) {
      const sentence = 'Choose for how long the old key goes on working.';
      return showForm(page, key, onceOf(form), [{ field: 'grace', sentence }], 422);
    }
    const once = form.text('once');
    const rotated = await page.attempt(issuedKeyAnswer, {
      method: 'POST',
      path: '/api/keys/:id/rotate',
      params: { id: String(key.id) },
      body: { grace_period: grace },
      ...(once !== '' && { idempotencyKey: once }),
    });
    if (rotated.ok) {
      return showMade(parts, page, rotated.value, { id: key.id, name: key.name, works: grace > 0 });
    }
    if (rotated.members.id !== undefined) return showMadeBefore(page, rotated.members);
    const errors = rotated.errors.map(({ sentence }) => ({ field: 'form', sentence }));
    await showForm(page, key, onceOf(form), errors, rotated.status);
  });
}

async function showForm(
  page: PersonPage,
  key: Key,
  once: { readonly once?: string },
  errors: readonly FieldError[] = [],
  status = 200,
): Promise<void> {
  const now = new Date();
  const surroundings = await readSurroundings(page, now, key.workspace_id);
  const end = key.expires_at === null ? null : new Date(key.expires_at);
  page.show(
    'key-rotate',
    { title: `Rotate ${key.name}`, section: 'keys', width: 'wide', status },
    {
      ...once,
      key: showKey(key, surroundings),
      errors,
      graces: GRACES.map(([seconds, label]) => {
        const at = new Date(now.getTime() + seconds * 1000);
        const ownEndFirst = end !== null && end < at;
        return {
          value: seconds,
          label,
          until: futureTime(ownEndFirst ? end : at, now).exact,
          ownEndFirst,
          chosen: seconds === DAY,
        };
      }),
    },
  );
}
