import { covers, isConcreteScope, isGrantableScope, reservedScopes } from './scope.ts';

/** One scope of the vocabulary. */
export interface ScopeDefinition {
  readonly name: string;
  /** What a person reads on the consent page. */
  readonly description: string;
  /** Given where nobody asked for particular scopes. */
  readonly default: boolean;
  /** Out of reach of the wildcards that cross resources (`*:read`, `*:*`). */
  readonly protected: boolean;
  /** Counts only in the first workspace, the server's own. */
  readonly server: boolean;
}

/** An API with an audience of its own (RFC 8707). */
export interface ResourceDefinition {
  /** Concrete names; what a token for this audience may carry. */
  readonly scopes: readonly string[];
  readonly format: 'opaque' | 'jwt';
  readonly ttlSeconds: number;
}

/** How many calls a window allows; `limit` is null for unlimited. */
export interface TierDefinition {
  readonly limit: number | null;
  readonly windowSeconds: number;
}

/** The vocabulary as plain data, in the order of the file. */
export interface ScopeCatalogData {
  readonly scopes: readonly ScopeDefinition[];
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly resources: Readonly<Record<string, ResourceDefinition>>;
  readonly tiers: Readonly<Record<string, TierDefinition>>;
  /** By how much the limit of a test key is multiplied. */
  readonly testMultiplier: number;
}

/** Why an entry may not be granted, as a sentence for the person who asked for it. */
export interface GrantableFault {
  readonly entry: string;
  readonly message: string;
}

/** The scope vocabulary, with its roles, resources and tiers. Names are looked up in maps, so `constructor` is a name like any other.
 *
 * It knows what is covered, and not in which workspace: scopes marked `server` are weighed by `effectiveScopes`. */
export class ScopeCatalog {
  /** Every scope name in the order of the file. */
  readonly names: readonly string[];
  /** The scopes given where nobody asked for particular ones. */
  readonly defaults: readonly string[];
  readonly roleNames: readonly string[];
  /** From the smallest allowance to the largest. */
  readonly tierNames: readonly string[];
  readonly resources: ReadonlyMap<string, ResourceDefinition>;
  readonly testMultiplier: number;
  /** Bound, because `covers` takes it as a function. An unknown name counts as unprotected, and is never asked about. */
  readonly isProtected: (name: string) => boolean;

  readonly #definitions: ReadonlyMap<string, ScopeDefinition>;
  readonly #roles: ReadonlyMap<string, readonly string[]>;
  readonly #tiers: ReadonlyMap<string, TierDefinition>;

  constructor(data: ScopeCatalogData) {
    this.#definitions = new Map(data.scopes.map((scope) => [scope.name, scope]));
    this.#roles = new Map(Object.entries(data.roles));
    this.#tiers = new Map(Object.entries(data.tiers));
    this.resources = new Map(Object.entries(data.resources));
    this.names = Object.freeze([...this.#definitions.keys()]);
    this.defaults = Object.freeze(data.scopes.filter((scope) => scope.default).map((scope) => scope.name));
    this.roleNames = Object.freeze([...this.#roles.keys()]);
    this.tierNames = Object.freeze([...this.#tiers.keys()].sort((left, right) => this.compareTiers(left, right)));
    this.testMultiplier = data.testMultiplier;
    const protectedNames = new Set(data.scopes.filter((scope) => scope.protected).map((scope) => scope.name));
    this.isProtected = (name) => protectedNames.has(name);
  }

  /** Tells whether the vocabulary has this name. */
  has(name: string): boolean {
    return this.#definitions.has(name);
  }

  /** Gives the definition of a name, or undefined for one that is not in the vocabulary. */
  describe(name: string): ScopeDefinition | undefined {
    return this.#definitions.get(name);
  }

  /** Tells whether a scope counts only in the first workspace. */
  isServer(name: string): boolean {
    return this.#definitions.get(name)?.server === true;
  }

  /** Gives what a role grants, or undefined for a role that the file does not have (any more). */
  role(name: string): readonly string[] | undefined {
    return this.#roles.get(name);
  }

  /** Gives the resource with this identifier, compared byte by byte (RFC 8707 section 2). */
  resource(uri: string): ResourceDefinition | undefined {
    return this.resources.get(uri);
  }

  /** Gives a rate-limit tier, or undefined for a name that the file does not have. */
  tier(name: string): TierDefinition | undefined {
    return this.#tiers.get(name);
  }

  /** Orders tiers by calls per second, the unlimited last and an unknown one before all. */
  compareTiers(left: string, right: string): number {
    const difference = this.#callsPerSecond(left) - this.#callsPerSecond(right);
    return Number.isNaN(difference) ? 0 : difference;
  }

  /** Tells whether one of the granted entries covers a required scope, which must be concrete and in the vocabulary. */
  covers(granted: readonly string[], wanted: string): boolean {
    return this.has(wanted) && granted.some((entry) => covers(entry, wanted, this.isProtected));
  }

  /** Tells whether the entries would cover a scope of the vocabulary if nothing were protected; for explaining a refusal only. */
  coversUnprotected(granted: readonly string[], wanted: string): boolean {
    return this.has(wanted) && granted.some((entry) => covers(entry, wanted, () => false));
  }

  /** Tells whether a holder of these entries holds `entry` too: a concrete one by the vocabulary, a wildcard by form alone. */
  coversEntry(holder: readonly string[], entry: string): boolean {
    if (isConcreteScope(entry)) return this.covers(holder, entry);
    return holder.some((held) => covers(held, entry, this.isProtected));
  }

  /** Lists the names of the vocabulary that the entries cover, in its order. */
  expand(granted: readonly string[]): readonly string[] {
    return this.names.filter((name) => this.covers(granted, name));
  }

  /** Lists what is wrong with entries that somebody asks to have granted; empty when nothing is. */
  validateGrantable(entries: readonly string[]): readonly GrantableFault[] {
    return entries.flatMap((entry) => {
      const message = this.#grantableFault(entry);
      return message === null ? [] : [{ entry, message }];
    });
  }

  #grantableFault(entry: string): string | null {
    const shown = JSON.stringify(entry.length > 80 ? `${entry.slice(0, 80)}…` : entry);
    if (!isGrantableScope(entry)) return `The scope ${shown} is not well formed.`;
    if (reservedScopes.has(entry)) return `The scope ${shown} is reserved for OpenID Connect.`;
    if (isConcreteScope(entry)) return this.has(entry) ? null : `The scope ${shown} does not exist.`;
    return this.expand([entry]).length > 0 ? null : `The scope ${shown} matches no scope that exists.`;
  }

  #callsPerSecond(name: string): number {
    const tier = this.#tiers.get(name);
    if (tier === undefined) return -1;
    return tier.limit === null ? Number.POSITIVE_INFINITY : tier.limit / tier.windowSeconds;
  }
}
