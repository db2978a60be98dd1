import type { Middleware } from 'koa';
import {
  type ClientFields,
  changedClientBody,
  clientErrors,
  clientFormLists,
  fieldsOf,
  readClientFields,
} from './client-form.ts';
import { clientAnswer, kindOf, proofInWords, type ShownClient } from './client-kinds.ts';
import { clientIdOf, findClient } from './client-show.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { scopeChoices, vocabularyAnswer } from './scope-choices.ts';

/** Builds the page that changes a client. */
export function editClientPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const client = await findClient(page);
    const fields = fieldsOf(client);
    if (!requireFreshToGrant(page, fields.scopes, page.context.url)) return;
    await showForm(page, client, { fields, errors: [] }, 200);
  });
}

/** Builds what the form of a change does. */
export function changeClient(parts: PageParts): Middleware {
  return personForm(
    parts,
    async (page, form) => {
      const client = await findClient(page);
      const fields = readClientFields(form);
      if (!requireFreshToGrant(page, fields.scopes, `/clients/${client.client_id}/edit`)) return;
      const written = changedClientBody(client, fields);
      if ('errors' in written) return showForm(page, client, { fields, errors: written.errors }, 422);
      const changed = await page.attempt(clientAnswer, {
        method: 'PATCH',
        path: '/api/clients/:client_id',
        params: { client_id: clientIdOf(page) },
        body: written.body,
      });
      if (!changed.ok) {
        return showForm(page, client, { fields, errors: clientErrors(changed.errors, fields, false) }, 422);
      }
      seeOther(page.context, `/clients/${client.client_id}?notice=changed`);
    },
    clientFormLists,
  );
}

async function showForm(
  page: PersonPage,
  client: ShownClient,
  { fields, errors }: { readonly fields: ClientFields; readonly errors: readonly FieldError[] },
  status: number,
): Promise<void> {
  const vocabulary = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
  const held = fieldsOf(client).scopes;
  const grantable = new Set(vocabulary.grantable);
  page.show(
    'client-edit',
    { title: `Change ${client.client_name}`, section: 'clients', status },
    {
      client,
      kind: kindOf(client),
      proof: proofInWords(client),
      // How it proves itself and where it runs never change, so the form does not ask.
      fields: {
        ...fields,
        authMethod: client.token_endpoint_auth_method,
        native: client.application_type === 'native',
      },
      isNew: false,
      errors,
      workspaces: [],
      mayInspect: page.can('credentials:introspect'),
      lost: held.filter((entry) => !grantable.has(entry)),
      scopeGroups: scopeChoices({
        vocabulary,
        ticked: fields.scopes,
        role: page.workspace?.role ?? null,
        holder: 'client',
      }),
    },
  );
}
