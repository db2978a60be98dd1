import type { Middleware } from 'koa';
import { z } from 'zod';
import { keyForm, keyPage } from './key-access.ts';
import { readKey } from './key-answers.ts';
import { endKey } from './key-delete.ts';
import { showDetails } from './key-show.ts';
import { readGrace, type ShownGrace } from './key-traffic.ts';
import type { PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';

/** `POST /keys/:id/grace`: moves the end of the old key, from the page of either key. */
export function moveGrace(parts: PageParts): Middleware {
  return keyForm(parts, async (page, form) => {
    const key = await readKey(page);
    const oldId = key.replaces?.id ?? key.id;
    const moved = await page.attempt(z.object({ id: z.number() }), {
      method: 'POST',
      path: '/api/keys/:id/grace',
      params: { id: String(oldId) },
      body: { ends_at: form.text('ends_at') },
    });
    if (moved.ok) return seeOther(page.context, `/keys/${key.id}?notice=grace-moved`);
    const errors = moved.errors.map(({ field, sentence }) => ({
      field: field === 'ends_at' ? 'ends_at' : 'form',
      sentence:
        field === 'ends_at' ? 'Choose an end that is possible: the old key may have ended meanwhile.' : sentence,
    }));
    await showDetails(page, errors, moved.status);
  });
}

/** `GET /keys/:id/end-grace`: asks before a key ends that is still in use. */
export function endGracePage(parts: PageParts): Middleware {
  return keyPage(parts, async (page) => {
    const grace = await graceOf(page);
    if (grace === null) return seeOther(page.context, `/keys/${(await readKey(page)).id}`);
    const key = await readKey(page);
    page.show(
      'key-end-grace',
      { title: `End the old key of ${key.name}`, section: 'keys', width: 'wide' },
      { key, grace },
    );
  });
}

/** `POST /keys/:id/end-grace`: ends the old key now. */
export function endGrace(parts: PageParts): Middleware {
  return keyForm(parts, async (page) => {
    const grace = await graceOf(page);
    // Its grace is over already, or another tab was faster: there is nothing left to end.
    if (grace !== null) await endKey(page, await readKey(page, grace.old.id));
    const { id } = grace?.heir ?? (await readKey(page));
    seeOther(page.context, grace?.heir === null ? '/keys?notice=deleted' : `/keys/${id}?notice=grace-ended`);
  });
}

async function graceOf(page: PersonPage): Promise<ShownGrace | null> {
  return readGrace(page, await readKey(page), new Date());
}
