import type { Middleware } from 'koa';
import { z } from 'zod';
import type { Form } from '../http/read-form.ts';
import { requireFreshToGrant } from './fresh-sign-in.ts';
import type { LeastPrivilege } from './least-privilege.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import { type PersonPage, personForm, personPage } from './person-page.ts';
import { seeOther } from './render.ts';
import { scopesInWords } from './scope-choices.ts';
import { pastTime } from './times.ts';
import { readVocabulary } from './token-answers.ts';
import { hintFor, readScopeUse, unusedDays } from './usage-answers.ts';
import { hrefOf, type UsedKind, type UsedThing, usedId } from './usage-things.ts';

interface Narrowing {
  readonly id: string;
  readonly thing: UsedThing;
  readonly days: number;
  readonly hint: LeastPrivilege | null;
}

const changed = z.object({ id: z.number() });

/** Builds the page that says which scopes would go and which would stay. */
export function narrowPage(parts: PageParts, kind: UsedKind): Middleware {
  return personPage(parts, async (page) => {
    const narrowing = await readNarrowing(page, kind, page.context.query.unused);
    await showNarrowing(page, kind, narrowing, [], 200);
  });
}

/** Builds what its form does: takes everything from a credential but what it used, if that is still what the person saw. */
export function narrow(parts: PageParts, kind: UsedKind): Middleware {
  return personForm(
    parts,
    async (page, form) => {
      const narrowing = await readNarrowing(page, kind, form.text('unused'));
      const { id, thing, days, hint } = narrowing;
      const kept = hint?.narrower ?? null;
      if (kept === null || !thing.isChangeable) return showNarrowing(page, kind, narrowing, [], 409);
      if (!isAsSeen(form, kept, thing)) {
        const sentence = 'Its scopes or what it used have changed since. Look once more at what would go.';
        return showNarrowing(page, kind, narrowing, [{ field: 'form', sentence }], 409);
      }
      const usage = `${hrefOf(kind, id)}/usage`;
      if (!requireFreshToGrant(page, kept, `${usage}/narrow?unused=${days}`)) return;
      const answer = await page.attempt(changed, {
        method: 'PATCH',
        path: `/api${kind.path}`,
        params: { [kind.parameter]: id },
        body: { scopes: kept },
      });
      if (answer.ok) return seeOther(page.context, `${usage}?notice=narrowed`);
      const errors = answer.errors.map(({ sentence }) => ({ field: 'form', sentence }));
      await showNarrowing(page, kind, narrowing, errors, answer.status);
    },
    ['kept', 'granted'],
  );
}

async function readNarrowing(page: PersonPage, kind: UsedKind, window: unknown): Promise<Narrowing> {
  const id = usedId(page, kind);
  const days = unusedDays(window);
  const [thing, uses] = await Promise.all([kind.read(page, id), readScopeUse(page, kind, id, days)]);
  return { id, thing, days, hint: hintFor(thing, uses, days, new Date()) };
}

/** In another tab, or by another person, it may have been given something since, or have used what would go. */
function isAsSeen(form: Form, kept: readonly string[], { granted }: UsedThing): boolean {
  return isSame(form.list('kept'), kept) && isSame(form.list('granted'), granted ?? []);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry) => right.includes(entry));
}

async function showNarrowing(
  page: PersonPage,
  kind: UsedKind,
  { id, thing, days, hint }: Narrowing,
  errors: readonly FieldError[],
  status: number,
): Promise<void> {
  const vocabulary = await readVocabulary(page);
  const goes = hint === null ? [] : [...hint.unused, ...hint.idle];
  page.show(
    'usage-narrow',
    { title: `Narrow ${thing.name}`, section: kind.section, width: 'wide', status },
    {
      thing,
      kind,
      days,
      errors,
      made: thing.createdAt === null ? null : pastTime(thing.createdAt, new Date()),
      href: hrefOf(kind, id),
      kept: thing.isChangeable ? (hint?.narrower ?? null) : null,
      goes: scopesInWords(vocabulary, goes, kind.holder),
      stays: scopesInWords(vocabulary, hint?.used ?? []),
      wildcards: scopesInWords(vocabulary, hint?.wildcards ?? [], kind.holder),
      granted: thing.granted ?? [],
    },
  );
}
