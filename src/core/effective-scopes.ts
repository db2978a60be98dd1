import type { ScopeCatalog } from './scope-catalog.ts';
import type { ScopeRemovedBy } from './verification.ts';

/** What a credential's scopes are made of: lists of granted entries, null where that limit does not apply.
 *
 * An API key has no role, a session no grant. A role or client that should limit and is gone is an empty list, never null. */
export interface EffectiveScopeInputs {
  /** What was granted to the credential itself. */
  readonly grant: readonly string[] | null;
  /** What the owner's role in the workspace grants now. */
  readonly role: readonly string[] | null;
  /** The ceiling of the OAuth client. */
  readonly client: readonly string[] | null;
  /** The ceiling of the workspace. */
  readonly workspace: readonly string[] | null;
  /** True in the first workspace, the only one where scopes marked `server` count. */
  readonly ownWorkspace: boolean;
}

/** Effective scopes in the two forms in which they leave the server. */
export interface EffectiveScopes {
  /** Concrete names in the order of the vocabulary. */
  readonly scopes: readonly string[];
  /** The same, joined by single spaces. */
  readonly header: string;
}

/** Gives the scopes of the vocabulary that every limit covers, in its order. No limit at all gives nothing. */
export function effectiveScopes(catalog: ScopeCatalog, limits: EffectiveScopeInputs): readonly string[] {
  const lists = appliedLists(limits);
  if (lists.length === 0) return [];
  return catalog.names.filter(
    (name) =>
      (limits.ownWorkspace || !catalog.isServer(name)) && lists.every((granted) => catalog.covers(granted, name)),
  );
}

/** Lists the entries that a grantor with these limits may not hand on, because one of the limits does not cover them.
 *
 * Wildcards are judged by form; a scope marked `server` by its own name is never handed on outside the first workspace. */
export function refusedGrants(
  catalog: ScopeCatalog,
  grantor: EffectiveScopeInputs,
  entries: readonly string[],
): readonly string[] {
  const lists = appliedLists(grantor);
  return entries.filter(
    (entry) =>
      lists.length === 0 ||
      (catalog.isServer(entry) && !grantor.ownWorkspace) ||
      !lists.every((held) => catalog.coversEntry(held, entry)),
  );
}

/** Names the first rule that keeps a scope from being effective; to be asked about missing scopes only.
 *
 * `protected` means that only the scope's own protection stands in the way: a wildcard such as `*:read` would reach it
 * otherwise, or it counts in the first workspace alone. The workspace's ceiling is reported as `role`. */
export function whyMissing(catalog: ScopeCatalog, limits: EffectiveScopeInputs, scope: string): ScopeRemovedBy {
  if (!catalog.has(scope) || appliedLists(limits).length === 0) return 'grant';
  const rules: readonly (readonly [ScopeRemovedBy, readonly string[] | null])[] = [
    ['grant', limits.grant],
    ['role', limits.role],
    ['client', limits.client],
    ['role', limits.workspace],
  ];
  const failing = rules.find(([, granted]) => granted !== null && !catalog.covers(granted, scope));
  if (failing === undefined) return catalog.isServer(scope) && !limits.ownWorkspace ? 'protected' : 'grant';
  const [rule, granted] = failing;
  return granted !== null && catalog.coversUnprotected(granted, scope) ? 'protected' : rule;
}

/** Makes `effectiveScopes` remember its answers: they depend on nothing but the limits, so they can not go stale.
 *
 * At most `maxEntries` are kept, the longest unused going first; limits of extraordinary length are not remembered. */
export function memoEffectiveScopes(
  catalog: ScopeCatalog,
  maxEntries: number,
): (limits: EffectiveScopeInputs) => EffectiveScopes {
  // Two generations instead of a list in order of use: a hit in the younger one is a single look-up.
  const generationSize = Math.max(1, Math.floor(maxEntries / 2));
  let young = new Map<string, EffectiveScopes>();
  let old = new Map<string, EffectiveScopes>();
  return (limits) => {
    const key = memoKey(limits);
    const known = young.get(key);
    if (known !== undefined) return known;
    const answer = old.get(key) ?? compute(catalog, limits);
    if (key.length > longestKey) return answer;
    if (young.size >= generationSize) {
      old = young;
      young = new Map();
    }
    young.set(key, answer);
    return answer;
  };
}

const longestKey = 8192;

function compute(catalog: ScopeCatalog, limits: EffectiveScopeInputs): EffectiveScopes {
  const scopes = Object.freeze([...effectiveScopes(catalog, limits)]);
  return Object.freeze({ scopes, header: scopes.join(' ') });
}

/** JSON, because no content of an entry can imitate its borders, and the engine writes it faster than a loop does. */
function memoKey({ grant, role, client, workspace, ownWorkspace }: EffectiveScopeInputs): string {
  return JSON.stringify([grant, role, client, workspace, ownWorkspace]);
}

function appliedLists({ grant, role, client, workspace }: EffectiveScopeInputs): readonly (readonly string[])[] {
  return [grant, role, client, workspace].filter((granted) => granted !== null);
}
