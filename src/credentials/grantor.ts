import { type EffectiveScopeInputs, refusedGrants } from '../core/effective-scopes.ts';
import type { FieldErrors } from '../core/errors.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';

/** Somebody who issues or changes a credential in a workspace, and what bounds what they may hand on there. */
export interface Grantor {
  /** Each of them must cover every entry; more than one where somebody acts in a workspace that is not their own. */
  readonly limits: readonly EffectiveScopeInputs[];
  readonly workspace: { readonly id: number; readonly tier: string };
  /** True for who may give a credential a tier above its workspace's. */
  readonly mayRaiseTier: boolean;
}

/** Lists the entries that a grantor may not hand on: nobody grants what they do not hold. */
export function refusedBy(catalog: ScopeCatalog, grantor: Grantor, entries: readonly string[]): readonly string[] {
  const refused = new Set(grantor.limits.flatMap((limits) => refusedGrants(catalog, limits, entries)));
  // Without any limit there is nobody who could grant.
  return grantor.limits.length === 0 ? entries : entries.filter((entry) => refused.has(entry));
}

/** Lists what keeps entries from being granted: unknown and malformed ones, and those that the grantor does not hold. */
export function scopeFaults(catalog: ScopeCatalog, grantor: Grantor, entries: readonly string[]): FieldErrors {
  const faults = catalog.validateGrantable(entries);
  const unknown = new Set(faults.map(({ entry }) => entry));
  const known = entries.filter((entry) => !unknown.has(entry));
  const sentences = [
    ...faults.map(({ message }) => message),
    ...refusedBy(catalog, grantor, known).map((entry) => `You can not grant ${entry}: you do not hold it.`),
  ];
  return sentences.length === 0 ? {} : { scopes: sentences };
}

/**
 * Lists what a credential may do and the grantor may not, for deeds that put its power into somebody's hands or prolong it.
 * An entry that is no longer in the vocabulary does nothing.
 */
export function heldFaults(
  catalog: ScopeCatalog,
  grantor: Grantor,
  entries: readonly string[],
  deed: string,
): FieldErrors {
  const known = entries.filter((entry) => catalog.validateGrantable([entry]).length === 0);
  const refused = refusedBy(catalog, grantor, known);
  if (refused.length === 0) return {};
  return { scopes: refused.map((entry) => `You can not ${deed} ${entry}: you do not hold it.`) };
}

/** Lists what keeps a tier from being given. */
export function tierFaults(catalog: ScopeCatalog, grantor: Grantor, tier: string | null): FieldErrors {
  if (tier === null) return {};
  if (catalog.tier(tier) === undefined) return { rate_limit_tier: ['There is no such tier.'] };
  const above = catalog.compareTiers(tier, grantor.workspace.tier) > 0;
  if (!above || grantor.mayRaiseTier) return {};
  return { rate_limit_tier: [`The tier of the workspace is ${grantor.workspace.tier}: more needs admin:users.`] };
}

/** Lists what is wrong with the end of a credential. */
export function expiryFaults(now: Date, expiresAt: Date | null): FieldErrors {
  return expiresAt !== null && expiresAt <= now ? { expires_at: ['Must lie in the future.'] } : {};
}
