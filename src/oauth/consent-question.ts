import type { Provider } from 'oidc-provider';
import { reservedScopes } from '../core/scope.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { lifetimes } from './lifetimes.ts';

/** The library's interaction, as far as we read it. */
export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** What describing a question needs. */
export interface ConsentQuestionDeps {
  readonly issuer: string;
  readonly catalog: ScopeCatalog;
}

/** One entry of a requested scope with what it stands for. */
interface ScopeEntry {
  readonly entry: string;
  readonly expanded: readonly { readonly name: string; readonly description: string }[];
  readonly wildcard: boolean;
}

/** What an app asks for, as far as it is not agreed to. */
export interface ConsentQuestion {
  readonly scopes: readonly ScopeEntry[];
  readonly alreadyGranted: readonly ScopeEntry[];
  readonly identityScopes: readonly string[];
  readonly accessSeconds: number;
  readonly renewableSeconds: number;
  readonly resource: string | null;
}

/** Describes what an interaction asks a person for, beside what the grant holds already. */
export function describeConsent(
  deps: ConsentQuestionDeps,
  interaction: Interaction,
  grant: InstanceType<Provider['Grant']> | undefined,
): ConsentQuestion {
  const resource = resourceOf(deps, interaction);
  const asked = entries(interaction.params.scope);
  const held = new Set((grant?.getResourceScope(resource) ?? '').split(' '));
  const explicit = (text(interaction.params.prompt) ?? '').split(' ').includes('consent');
  const missing = missingEntries(interaction, resource);
  const api = asked.filter((entry) => !reservedScopes.has(entry));
  // A prompt without anything missing is a question that must be asked again as a whole.
  const wanted = explicit || missing.length === 0 ? api : missing;
  const definition = deps.catalog.resource(resource);
  return {
    scopes: wanted.map((entry) => describeEntry(deps.catalog, entry)),
    alreadyGranted: api
      .filter((entry) => !wanted.includes(entry) && held.has(entry))
      .map((entry) => describeEntry(deps.catalog, entry)),
    identityScopes: asked.filter((entry) => entry === 'profile' || entry === 'email'),
    accessSeconds: definition?.ttlSeconds ?? lifetimes.AccessToken,
    renewableSeconds: lifetimes.RefreshToken,
    resource: resource === deps.issuer ? null : resource,
  };
}

function describeEntry(catalog: ScopeCatalog, entry: string): ScopeEntry {
  const names = catalog.expand([entry]);
  return {
    entry,
    wildcard: !catalog.has(entry),
    expanded: names.map((name) => ({ name, description: catalog.describe(name)?.description ?? name })),
  };
}

/** The one resource that an interaction is about; the API itself unless it names another. */
export function resourceOf(deps: Pick<ConsentQuestionDeps, 'issuer'>, interaction: Interaction): string {
  const { resource } = interaction.params;
  return typeof resource === 'string' ? resource : deps.issuer;
}

function missingEntries(interaction: Interaction, resource: string): readonly string[] {
  const missing: unknown = interaction.prompt.details.missingResourceScopes;
  if (typeof missing !== 'object' || missing === null) return [];
  const listed: unknown = Object.entries(missing).find(([name]) => name === resource)?.[1];
  return Array.isArray(listed) ? listed.filter((entry) => typeof entry === 'string') : [];
}

/** Entries of a scope parameter, each once. */
export function entries(scope: unknown): readonly string[] {
  return typeof scope === 'string' ? [...new Set(scope.split(' ').filter((entry) => entry !== ''))] : [];
}

/** A parameter as text; null for anything else. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
