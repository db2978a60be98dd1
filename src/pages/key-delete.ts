import type { Middleware } from 'koa';
import { keyForm, keyPage } from './key-access.ts';
import { type Key, readKey, readSurroundings, sameName, showKey } from './key-answers.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';

/** `GET /keys/:id/delete`: says what is about to end, and asks for the name of a live key. */
export function deleteKeyPage(parts: PageParts): Middleware {
  return keyPage(parts, async (page) => showForm(page, await readKey(page), []));
}

/** `POST /keys/:id/delete`: at once for a test key, with its name typed for a live one. */
export function deleteKey(parts: PageParts): Middleware {
  return keyForm(parts, async (page, form) => {
    const key = await readKey(page);
    const isMeant = key.environment === 'test' || sameName(form.text('confirm')) === sameName(key.name);
    if (!isMeant) {
      const sentence = 'This is not the name of the key. Type it as it stands above.';
      return showForm(page, key, [{ field: 'confirm', sentence }], 422);
    }
    await endKey(page, key);
    seeOther(page.context, '/keys?notice=deleted');
  });
}

/** Ends a key that somebody has confirmed to mean. */
export function endKey(page: PersonPage, key: Key): Promise<undefined> {
  return page.api(noAnswer, {
    method: 'DELETE',
    path: '/api/keys/:id',
    params: { id: String(key.id) },
    query: { confirm: key.name },
  });
}

async function showForm(page: PersonPage, key: Key, errors: readonly FieldError[], status = 200): Promise<void> {
  const surroundings = await readSurroundings(page, new Date(), key.workspace_id);
  page.show(
    'key-delete',
    { title: `Delete ${key.name}`, section: 'keys', width: 'wide', status },
    { key: showKey(key, surroundings), errors },
  );
}
