import type { Middleware } from 'koa';
import { z } from 'zod';
import { NotFound } from '../core/errors.ts';
import { covers } from '../core/scope.ts';
import type { Form } from '../http/read-form.ts';
import { expiryChoices } from './expiry-choices.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import { keyForm, keyPage } from './key-access.ts';
import { issuedKeyAnswer, readKey, readSurroundings, showKey } from './key-answers.ts';
import { onTheForm, readFields } from './key-fields.ts';
import { readTierChoices } from './key-tiers.ts';
import { onceInAddress, onceOf } from './once-in-address.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';
import { prefillPath, readPrefill } from './prefill.ts';
import { scopeChoices, type Vocabulary } from './scope-choices.ts';
import { readVocabulary } from './token-answers.ts';

/** `GET /keys/new`: the form, filled in by the link that led here. */
export function newKeyPage(parts: PageParts): Middleware {
  return keyPage(parts, async (page) => {
    const { query } = page.context;
    const once = onceInAddress(page);
    if (once === null) return;
    const vocabulary = await readVocabulary(page);
    const prefill = readPrefill(query, vocabulary, page.workspace?.role ?? null);
    await showForm(page, vocabulary, {
      ...prefill,
      once,
      scopes: prefill.scopes ?? vocabulary.defaults,
      environment: query.environment === 'test' ? 'test' : 'live',
      tier: typeof query.tier === 'string' ? query.tier : '',
    });
  });
}

/** `POST /keys`: makes it and shows it, this once. The same form sent again says so. */
export function createKey(parts: PageParts): Middleware {
  return keyForm(
    parts,
    async (page, form) => {
      const { faults, body } = readFields(form, new Date(), { mayKeepEnd: false });
      const retry = async (errors: readonly FieldError[], status: number): Promise<void> =>
        showForm(page, await readVocabulary(page), typedIn(form), errors, status);
      if (faults.length > 0) return retry(faults, 422);
      if (!requireFreshToGrant(page, form.list('scopes'), wayBack(form))) return;
      // The workspace that the form was made for, whatever another tab has switched to meanwhile.
      const workspaceId = Number(form.text('workspace_id'));
      const environment = form.text('environment') === 'test' ? 'test' : 'live';
      const once = form.text('once');
      const made = await page.attempt(issuedKeyAnswer, {
        method: 'POST',
        path: '/api/keys',
        body: { ...body, environment, ...(workspaceId > 0 && { workspace_id: workspaceId }) },
        ...(once !== '' && { idempotencyKey: once }),
      });
      if (made.ok) return showMade(parts, page, made.value);
      if (made.conflict) return showMadeBefore(page, made.members);
      await retry(made.errors.map(onTheForm), made.status);
    },
    ['scopes'],
  );
}

interface Typed {
  readonly once?: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly refused?: readonly { readonly entry: string; readonly reason: string }[];
  readonly expiry: string;
  readonly expiryDay: string;
  readonly environment: 'live' | 'test';
  readonly tier: string;
}

function typedIn(form: Form): Typed {
  return {
    ...onceOf(form),
    name: form.text('name'),
    scopes: form.list('scopes'),
    expiry: form.text('expiry'),
    expiryDay: form.text('expiry_day'),
    environment: form.text('environment') === 'test' ? 'test' : 'live',
    tier: form.text('tier'),
  };
}

function wayBack(form: Form): string {
  const { environment, tier } = typedIn(form);
  const path = prefillPath('/keys/new', form);
  return `${path}&environment=${environment}${tier === '' ? '' : `&tier=${encodeURIComponent(tier.slice(0, 50))}`}`;
}

async function showForm(
  page: PersonPage,
  vocabulary: Vocabulary,
  { name, scopes, refused = [], expiry, expiryDay, environment, tier, ...once }: Typed,
  errors: readonly FieldError[] = [],
  status = 200,
): Promise<void> {
  page.show(
    'key-new',
    { title: 'New API key', section: 'keys', status },
    {
      ...once,
      errors,
      name,
      refused,
      environment,
      workspace: page.workspace,
      tiers: await readTierChoices(page, vocabulary, page.workspace?.id ?? null, tier),
      scopeGroups: scopeChoices({ vocabulary, ticked: scopes, role: page.workspace?.role ?? null, holder: 'key' }),
      expiry: expiryChoices(new Date(), expiry === '' ? undefined : expiry),
      expiryDay,
    },
  );
}

/** Shows a new key, this once; `replaces` where it came of a rotation. */
export async function showMade(
  { issuer, exampleApi }: Pick<PageParts, 'issuer' | 'exampleApi'>,
  page: PersonPage,
  made: z.output<typeof issuedKeyAnswer>,
  replaces: { readonly id: number; readonly name: string; readonly works: boolean } | null = null,
): Promise<void> {
  const surroundings = await readSurroundings(page, new Date(), made.workspace_id);
  const isProtected = (wanted: string): boolean =>
    surroundings.vocabulary.scopes.some((one) => one.name === wanted && one.protected);
  const reads = exampleApi && made.scopes.some((one) => covers(one, 'posts:read', isProtected));
  page.show(
    'key-made',
    { title: 'Your new key', section: 'keys', width: 'wide', status: 201 },
    {
      key: showKey(made, surroundings),
      secret: made.key,
      curl: `curl -u ${made.key}: ${issuer}${reads ? '/v1/posts' : '/api/me'}`,
      replaces,
    },
  );
}

/** Says what the same form has made before. */
export async function showMadeBefore(page: PersonPage, members: Readonly<Record<string, unknown>>): Promise<void> {
  const id = z.number().catch(0).parse(members.id);
  let name: string | null = null;
  try {
    ({ name } = await readKey(page, id));
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
  page.show('key-made-before', { title: 'Made already', section: 'keys', width: 'narrow', status: 409 }, { name, id });
}
