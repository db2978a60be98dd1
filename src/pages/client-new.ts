import type { Middleware } from 'koa';
import { z } from 'zod';
import {
  type ClientFields,
  clientErrors,
  clientFormLists,
  emptyFields,
  newClientBody,
  prefilledFields,
  prefilledPath,
  readClientFields,
} from './client-form.ts';
import { type ClientKind, clientAnswer, clientKinds } from './client-kinds.ts';
import { mayRegister } from './client-list.ts';
import { clientSnippets } from './client-snippets.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { scopeChoices, vocabularyAnswer } from './scope-choices.ts';

const issuedAnswer = clientAnswer.extend({ client_secret: z.string().optional() });

/** Builds the page that registers a client: first its kind, then the fields of that kind. */
export function newClientPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    if (!mayRegister(page)) return;
    const kind = clientKinds.find(({ key }) => key === page.context.query.type);
    if (kind === undefined) {
      return page.show('client-kind', { title: 'Register an app', section: 'clients' }, { kinds: clientKinds });
    }
    const vocabulary = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
    const empty = emptyFields(kind, page.workspace?.id ?? null, vocabulary.defaults);
    await showForm(page, kind, { fields: prefilledFields(empty, page.context.query), errors: [] }, 200);
  });
}

/** Builds what the form of a new client does; the answer shows the secret this once. */
export function registerClient(parts: PageParts): Middleware {
  return personForm(
    parts,
    async (page, form) => {
      const kind = clientKinds.find(({ key }) => key === form.text('type'));
      if (kind === undefined) {
        return page.show('client-kind', { title: 'Register an app', section: 'clients' }, { kinds: clientKinds });
      }
      const fields = readClientFields(form);
      if (!requireFreshToGrant(page, fields.scopes, prefilledPath(kind, fields))) return;
      const written = newClientBody(kind, fields);
      if ('errors' in written) return showForm(page, kind, { fields, errors: written.errors }, 422);
      const made = await page.attempt(issuedAnswer, {
        method: 'POST',
        path: '/api/clients',
        body: written.body,
        idempotencyKey: form.text('once'),
      });
      if (!made.ok && made.conflict) return showMadeBefore(page, made.members.id);
      if (!made.ok) return showForm(page, kind, { fields, errors: clientErrors(made.errors, fields, true) }, 422);
      const { client_secret: secret = null, ...client } = made.value;
      const { scopes } = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
      page.show(
        'client-registered',
        { title: `${client.client_name} is registered`, section: 'clients' },
        { client, kind, secret, snippets: clientSnippets(client, { issuer: parts.issuer, scopes, secret }) },
      );
    },
    clientFormLists,
  );
}

async function showForm(
  page: PersonPage,
  kind: ClientKind,
  { fields, errors }: { readonly fields: ClientFields; readonly errors: readonly FieldError[] },
  status: number,
): Promise<void> {
  const vocabulary = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
  page.show(
    'client-new',
    { title: `Register: ${kind.title}`, section: 'clients', status },
    {
      kind,
      fields,
      isNew: true,
      lost: [],
      errors,
      workspaces: page.workspaces,
      mayInspect: page.can('credentials:introspect'),
      scopeGroups: scopeChoices({
        vocabulary,
        ticked: fields.scopes,
        role: page.workspace?.role ?? null,
        holder: 'client',
      }),
    },
  );
}

function showMadeBefore(page: PersonPage, id: unknown): void {
  const href = typeof id === 'string' && id.startsWith('client_') ? `/clients/${encodeURIComponent(id)}` : '/clients';
  page.show(
    'client-made-before',
    { title: 'Registered already', section: 'clients', status: 409 },
    { href, what: 'The app was registered already, and its secret is shown only once.' },
  );
}
