import type { Middleware } from 'koa';
import { attentionReasons } from '../credentials/key-attention.ts';
import type { Form } from '../http/read-form.ts';
import { type ExpiryChoice, expiryChoices, readExpiry } from './expiry-choices.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import { keyForm, keyPage } from './key-access.ts';
import { type Key, keyAnswer, keyIdOf, readKey, sameName } from './key-answers.ts';
import { onTheForm, readFields } from './key-fields.ts';
import { listPath } from './key-list.ts';
import { showDetails } from './key-show.ts';
import { readTierChoices } from './key-tiers.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { scopeChoices, scopesInWords, type Vocabulary } from './scope-choices.ts';
import { dayInWords } from './times.ts';
import { readVocabulary } from './token-answers.ts';

/** `GET /keys/:id/edit`: everything about a key that can change. */
export function editKeyPage(parts: PageParts): Middleware {
  return keyPage(parts, async (page) => {
    const key = await readKey(page);
    const typed = {
      name: key.name,
      scopes: key.scopes,
      tier: key.rate_limit_tier ?? '',
      expiry: 'keep',
      expiryDay: '',
    };
    await showForm(page, key, typed);
  });
}

/** `POST /keys/:id/edit`: changes what is different, and leaves alone what is not. */
export function changeKey(parts: PageParts): Middleware {
  return keyForm(
    parts,
    async (page, form) => {
      const key = await readKey(page);
      const vocabulary = await readVocabulary(page);
      const { faults, body } = readFields(form, new Date(), { mayKeepEnd: true });
      const same = isSameChoice(key, vocabulary, body.scopes);
      const missing = faults.filter(({ field }) => field !== 'scopes' || !same);
      if (missing.length > 0) return showForm(page, key, typedIn(form), missing, 422);
      const { name, scopes, rate_limit_tier: tier, ...end } = body;
      const gained = same ? [] : scopes.filter((entry) => !key.scopes.includes(entry));
      if (!requireFreshToGrant(page, gained, `/keys/${key.id}/edit`)) return;
      const changed = await page.attempt(keyAnswer, {
        method: 'PATCH',
        path: '/api/keys/:id',
        params: { id: String(key.id) },
        body: {
          ...(sameName(name) !== sameName(key.name) && { name }),
          ...(!same && { scopes }),
          ...(tier !== key.rate_limit_tier && { rate_limit_tier: tier }),
          ...end,
        },
      });
      if (changed.ok) return seeOther(page.context, `/keys/${key.id}?notice=changed`);
      await showForm(page, key, typedIn(form), changed.errors.map(onTheForm), changed.status);
    },
    ['scopes'],
  );
}

/** `POST /keys/:id/expiry`: gives a key an end, by one click. */
export function endKeyLater(parts: PageParts): Middleware {
  return keyForm(parts, async (page, form) => {
    const end = readExpiry(form, new Date());
    if ('error' in end) return showDetails(page, [{ ...end.error, field: 'form' }], 422);
    const params = { id: keyIdOf(page) };
    const body = { expires_at: end.expiresAt };
    const changed = await page.attempt(keyAnswer, { method: 'PATCH', path: '/api/keys/:id', params, body });
    if (!changed.ok) return showDetails(page, changed.errors.map(onForm), changed.status);
    const reason = attentionReasons.find((one) => one === page.context.query.reason);
    seeOther(page.context, listPath(reason ?? null, { notice: 'end-set' }));
  });
}

function onForm({ sentence }: FieldError): FieldError {
  return { field: 'form', sentence };
}

interface Typed {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly tier: string;
  readonly expiry: string;
  readonly expiryDay: string;
}

function typedIn(form: Form): Typed {
  return {
    name: form.text('name'),
    scopes: form.list('scopes'),
    tier: form.text('tier'),
    expiry: form.text('expiry'),
    expiryDay: form.text('expiry_day'),
  };
}

async function showForm(
  page: PersonPage,
  key: Key,
  typed: Typed,
  errors: readonly FieldError[] = [],
  status = 200,
): Promise<void> {
  const vocabulary = await readVocabulary(page);
  const { name, scopes, expiry, expiryDay } = typed;
  page.show(
    'key-edit',
    { title: `Change ${key.name}`, section: 'keys', status },
    {
      key,
      errors,
      name,
      tiers: await readTierChoices(page, vocabulary, key.workspace_id, typed.tier),
      scopeGroups: scopeChoices({ vocabulary, ticked: scopes, role: page.workspace?.role ?? null, holder: 'key' }),
      lost: scopesInWords(
        vocabulary,
        key.scopes.filter((entry) => !vocabulary.grantable.includes(entry)),
        'key',
      ),
      expiry: endChoices(key, expiry),
      expiryDay,
    },
  );
}

/** What a person can not hand on is not on the form: the rest of it says whether they want another choice. */
function isSameChoice(key: Key, { grantable }: Vocabulary, ticked: readonly string[]): boolean {
  const offered = key.scopes.filter((entry) => grantable.includes(entry));
  return offered.length === ticked.length && ticked.every((entry) => offered.includes(entry));
}

function endChoices({ expires_at: end }: Key, chosen: string): readonly ExpiryChoice[] {
  const keeps = chosen === 'keep' || chosen === '';
  const others = expiryChoices(new Date(), keeps ? undefined : chosen);
  const until = end === null ? null : dayInWords(end);
  const keep = { value: 'keep', label: end === null ? 'As it is: never' : 'As it is:', until, chosen: keeps };
  return [keep, ...others.map((choice) => (keeps ? { ...choice, chosen: false } : choice))];
}
