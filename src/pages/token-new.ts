import type { Middleware } from 'koa';
import { NotFound } from '../core/errors.ts';
import type { Form } from '../http/read-form.ts';
import { expiryChoices, readExpiry } from './expiry-choices.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import { onceInAddress, onceOf } from './once-in-address.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { type Attempt, type PersonPage, personForm, personPage } from './person-page.ts';
import { prefillPath, readPrefill } from './prefill.ts';
import { scopeChoices } from './scope-choices.ts';
import { issuedTokenAnswer, readVocabulary, showToken, tokenAnswer } from './token-answers.ts';
import { MANAGE, showNoAccess } from './token-list.ts';
import { nameFaults } from './token-name.ts';
import { curlLine } from './try-it.ts';

/** `GET /tokens/new`: the form, filled in by the vocabulary's defaults or by the link that led here. */
export function newTokenPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    if (!page.can(MANAGE)) return showNoAccess(page);
    const once = onceInAddress(page);
    if (once === null) return;
    const vocabulary = await readVocabulary(page);
    const prefill = readPrefill(page.context.query, vocabulary, page.workspace?.role ?? null);
    await showForm(page, { ...prefill, once, scopes: prefill.scopes ?? vocabulary.defaults });
  });
}

/** `POST /tokens`: makes it and shows it, this once. The same form sent again says so. */
export function createToken(parts: PageParts): Middleware {
  return personForm(
    parts,
    async (page, form) => {
      const { faults, body } = readBody(form, new Date());
      if (faults.length > 0) return showForm(page, typedIn(form), faults);
      // What was typed comes back with the person, as a link that fills the form in.
      if (!requireFreshToGrant(page, form.list('scopes'), prefillPath('/tokens/new', form))) return;
      const once = form.text('once');
      const made = await page.attempt(issuedTokenAnswer, {
        method: 'POST',
        path: '/api/tokens',
        body,
        ...(once !== '' && { idempotencyKey: once }),
      });
      if (!made.ok) {
        if (made.conflict) return showMadeBefore(page, made);
        return showForm(page, typedIn(form), made.errors.map(onTheForm), made.status);
      }
      const vocabulary = await readVocabulary(page);
      const { token: secret, scopes } = made.value;
      page.show(
        'token-made',
        { title: 'Your new token', section: 'tokens', width: 'wide', status: 201 },
        {
          token: showToken(made.value, page, vocabulary, new Date()),
          secret,
          curl: curlLine(parts, vocabulary, { secret, scopes }),
        },
      );
    },
    ['scopes'],
  );
}

interface Typed {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly refused?: readonly { readonly entry: string; readonly reason: string }[];
  readonly expiry: string;
  readonly expiryDay: string;
  readonly once?: string;
}

function typedIn(form: Form): Typed {
  return {
    name: form.text('name'),
    scopes: form.list('scopes'),
    expiry: form.text('expiry'),
    expiryDay: form.text('expiry_day'),
    ...onceOf(form),
  };
}

async function showForm(
  page: PersonPage,
  { name, scopes, refused = [], expiry, expiryDay, ...once }: Typed,
  errors: readonly FieldError[] = [],
  status = errors.length > 0 ? 422 : 200,
): Promise<void> {
  const vocabulary = await readVocabulary(page);
  page.show(
    'token-new',
    { title: 'New personal access token', section: 'tokens', status },
    {
      errors,
      name,
      refused,
      workspace: page.workspace,
      scopeGroups: scopeChoices({ vocabulary, ticked: scopes, role: page.workspace?.role ?? null }),
      expiry: expiryChoices(new Date(), expiry === '' ? undefined : expiry),
      expiryDay,
      ...once,
    },
  );
}

/** Reads what the API is asked; what a person can see to be missing is said in the words of the form. */
function readBody(form: Form, now: Date): { readonly faults: readonly FieldError[]; readonly body: object } {
  const name = form.text('name').trim();
  const faults: FieldError[] = [...nameFaults(name)];
  const scopes = form.list('scopes');
  if (scopes.length === 0) faults.push({ field: 'scopes', sentence: 'Tick at least one, or it can do nothing.' });
  const end = readExpiry(form, now);
  if ('error' in end) return { faults: [...faults, end.error], body: {} };
  // The workspace that the form was made for, whatever another tab has switched to meanwhile.
  const workspaceId = Number(form.text('workspace_id'));
  const body = { name, scopes, expires_at: end.expiresAt, ...(workspaceId > 0 && { workspace_id: workspaceId }) };
  return { faults, body };
}

const FIELDS: ReadonlySet<string> = new Set(['name', 'scopes', 'expires_at']);

function onTheForm({ field, sentence }: FieldError): FieldError {
  const own = field.split('.')[0] ?? '';
  return { field: FIELDS.has(own) ? own : 'form', sentence };
}

async function showMadeBefore(page: PersonPage, { members }: Attempt<never> & { readonly ok: false }): Promise<void> {
  const params = { id: String(members.id) };
  let name: string | null;
  try {
    name = (await page.api(tokenAnswer, { method: 'GET', path: '/api/tokens/:id', params })).name;
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    name = null;
  }
  const frame = { title: 'Made already', section: 'tokens', width: 'narrow', status: 409 } as const;
  page.show('token-made-before', frame, { name, id: params.id });
}
