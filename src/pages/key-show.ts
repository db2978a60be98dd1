import type { Middleware } from 'koa';
import { keyPage } from './key-access.ts';
import { keyIdOf, readKey, readSurroundings, showKey } from './key-answers.ts';
import { limitInWords } from './key-tiers.ts';
import { readGrace } from './key-traffic.ts';
import type { FieldError, PageParts } from './page-parts.ts';
import type { PersonPage } from './person-page.ts';

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['changed', 'The key is changed, from its next call on.'],
  ['end-set', 'The key has an end now.'],
  ['grace-moved', 'The old key works until the new end.'],
  ['grace-ended', 'The old key has ended. Whatever still used it is turned away from now on.'],
]);

/** `GET /keys/:id`: everything about one key but its secret, and the traffic of both keys while it is being replaced. */
export function keyDetails(parts: PageParts): Middleware {
  return keyPage(parts, (page) => showDetails(page));
}

/** Shows it, with what is wrong with the form that was sent from it. */
export async function showDetails(
  page: PersonPage,
  errors: readonly FieldError[] = [],
  status: number = 200,
): Promise<void> {
  const now = new Date();
  const key = await readKey(page, keyIdOf(page));
  const [surroundings, grace] = await Promise.all([
    readSurroundings(page, now, key.workspace_id),
    readGrace(page, key, now),
  ]);
  const shown = showKey(key, surroundings);
  page.show(
    'key',
    { title: key.name, section: 'keys', status },
    {
      key: shown,
      grace,
      limit: shown.tier === null ? null : limitInWords(surroundings.vocabulary.tiers[shown.tier]),
      errors,
      notice: NOTICES.get(page.context.query.notice) ?? null,
    },
  );
}
