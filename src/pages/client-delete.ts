import type { Middleware } from 'koa';
import type { ShownClient } from './client-kinds.ts';
import { clientIdOf, findClient } from './client-show.ts';
import { requireFresh } from './fresh-sign-in.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { pastTime } from './times.ts';

/** Builds the page that asks before a client is deleted. */
export function deleteClientPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    if (requireFresh(page)) showForm(page, await findClient(page), [], 200);
  });
}

/** Builds what its form does: the name must be typed as it is. */
export function deleteClient(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const client = await findClient(page);
    if (!requireFresh(page, `/clients/${client.client_id}/delete`)) return;
    if (sameName(form.text('confirm')) !== sameName(client.client_name)) {
      const sentence = 'This is not the name of the app. Type it as it stands above.';
      return showForm(page, client, [{ field: 'confirm', sentence }], 422);
    }
    await page.api(noAnswer, {
      method: 'DELETE',
      path: '/api/clients/:client_id',
      params: { client_id: clientIdOf(page) },
    });
    seeOther(page.context, '/clients?notice=deleted');
  });
}

/** A page shows several spaces as one, and a keyboard may compose a letter in another way. */
function sameName(name: string): string {
  return name.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();
}

function showForm(page: PersonPage, client: ShownClient, errors: readonly FieldError[], status: number): void {
  page.show(
    'client-delete',
    { title: `Delete ${client.client_name}`, section: 'clients', status },
    {
      client,
      typed: sameName(client.client_name),
      errors,
      used: client.last_used_at === null ? null : pastTime(client.last_used_at, new Date()),
    },
  );
}
