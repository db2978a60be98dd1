import type { Middleware } from 'koa';
import { z } from 'zod';
import { hasSecrets, type ShownClient } from './client-kinds.ts';
import { clientIdOf, findClient, shownSecret } from './client-show.ts';
import { clientSnippets } from './client-snippets.ts';
import { expiryChoices, readExpiry } from './expiry-choices.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { noAnswer, type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { vocabularyAnswer } from './scope-choices.ts';
import { dayInWords } from './times.ts';

const issuedAnswer = z.object({ id: z.number(), client_secret: z.string(), expires_at: z.string().nullable() });

/** Builds the page that gives a client a further secret. */
export function newSecretPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const client = await findClient(page);
    if (!hasSecrets(client)) return seeOther(page.context, `/clients/${client.client_id}`);
    if (mayAdd(page, client)) showForm(page, client, { expiry: 'never', day: '' }, [], 200);
  });
}

/** Builds what its form does; the answer shows the secret this once. */
export function addSecret(parts: PageParts): Middleware {
  return personForm(parts, async (page, form) => {
    const client = await findClient(page);
    if (!mayAdd(page, client)) return;
    const typed = { expiry: form.text('expiry'), day: form.text('expiry_day') };
    const end = readExpiry(form, new Date());
    if ('error' in end) return showForm(page, client, typed, [end.error], 422);
    const made = await page.attempt(issuedAnswer, {
      method: 'POST',
      path: '/api/clients/:client_id/secrets',
      params: { client_id: clientIdOf(page) },
      body: end.expiresAt === null ? {} : { expires_at: end.expiresAt },
      idempotencyKey: form.text('once'),
    });
    if (!made.ok && made.conflict && made.members.id !== undefined) return showMadeBefore(page, client);
    if (!made.ok) return showForm(page, client, typed, made.errors, made.conflict ? 409 : 422);
    const { client_secret: secret, expires_at: expiresAt } = made.value;
    const { scopes } = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
    page.show(
      'client-secret-made',
      { title: 'A new secret', section: 'clients' },
      {
        client,
        secret,
        until: expiresAt === null ? null : dayInWords(expiresAt),
        others: client.secrets.length,
        snippets: clientSnippets(client, { issuer: parts.issuer, scopes, secret }),
      },
    );
  });
}

/** Builds the page that asks before a secret is removed. */
export function removeSecretPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const client = await findClient(page);
    const secret = client.secrets.find(({ id }) => String(id) === secretIdOf(page));
    // Removed already, in another tab or by somebody else.
    if (secret === undefined) return seeOther(page.context, `/clients/${client.client_id}`);
    page.show(
      'client-secret-remove',
      { title: 'Remove a secret', section: 'clients' },
      { client, secret: shownSecret(secret, new Date()), only: client.secrets.length === 1 },
    );
  });
}

/** Builds what its form does. */
export function removeSecret(parts: PageParts): Middleware {
  return personForm(parts, async (page) => {
    await page.api(noAnswer, {
      method: 'DELETE',
      path: '/api/clients/:client_id/secrets/:id',
      params: { client_id: clientIdOf(page), id: secretIdOf(page) },
    });
    seeOther(page.context, `/clients/${encodeURIComponent(clientIdOf(page))}?notice=secret-removed`);
  });
}

/** Whoever holds a secret can act as the client. */
function mayAdd(page: PersonPage, client: ShownClient): boolean {
  return requireFreshToGrant(page, client.scope.split(' '), `/clients/${client.client_id}/secrets/new`);
}

function secretIdOf({ context }: Pick<PersonPage, 'context'>): string {
  const params: Readonly<Record<string, unknown>> = context.params;
  return String(params.secret_id ?? '');
}

function showForm(
  page: PersonPage,
  client: ShownClient,
  { expiry, day }: { readonly expiry: string; readonly day: string },
  errors: readonly FieldError[],
  status: number,
): void {
  page.show(
    'client-secret-new',
    { title: 'Add a secret', section: 'clients', status },
    { client, errors, expiry: expiryChoices(new Date(), expiry), expiryDay: day },
  );
}

function showMadeBefore(page: PersonPage, client: ShownClient): void {
  page.show(
    'client-made-before',
    { title: 'Made already', section: 'clients', status: 409 },
    { href: `/clients/${client.client_id}`, what: 'The secret was made already, and is shown only once.' },
  );
}
