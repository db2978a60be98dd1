import type { ScopeCatalog } from './scope-catalog.ts';

/** Lists every entry that, once granted, covers a scope of the vocabulary: the scope itself, and the wildcards that reach it. */
export function coveringEntries(catalog: Pick<ScopeCatalog, 'covers'>, scope: string): readonly string[] {
  const [resource, action] = scope.split(':');
  const wildcards = action === undefined ? [] : [`${resource}:*`, `*:${action}`];
  return [scope, ...wildcards, '*:*', '*'].filter((entry) => catalog.covers([entry], scope));
}
