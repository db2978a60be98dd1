import { z } from 'zod';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { type AnyRoute, route } from './route.ts';

const scopesAnswer = z.object({
  scopes: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      default: z.boolean(),
      protected: z.boolean(),
      server: z.boolean(),
      grantable: z.boolean(),
    }),
  ),
  defaults: z.array(z.string()),
  roles: z.record(z.string(), z.array(z.string())),
  tiers: z.record(z.string(), z.object({ limit: z.number().nullable(), window_seconds: z.number() })),
  grantable: z.array(z.string()),
});

/** What the vocabulary route needs. */
export interface ScopeRoutesDeps {
  readonly catalog: ScopeCatalog;
  readonly refusedGrants: (limits: EffectiveScopeInputs, entries: readonly string[]) => readonly string[];
}

/** The route of `/api/scopes`: the vocabulary, and what the caller may hand on. */
export function scopeRoutes({ catalog, refusedGrants }: ScopeRoutesDeps): readonly AnyRoute[] {
  const resources = [...new Set(catalog.names.filter((name) => name.includes(':')).map((name) => name.split(':')[0]))];
  const actions = [...new Set(catalog.names.filter((name) => name.includes(':')).map((name) => name.split(':')[1]))];
  const wildcards = [
    '*',
    '*:*',
    ...resources.map((resource) => `${resource}:*`),
    ...actions.map((action) => `*:${action}`),
  ];

  return [
    route({
      method: 'GET',
      path: '/api/scopes',
      summary: 'Show the scope vocabulary and what the caller may grant',
      access: 'any_credential',
      answers: { 200: scopesAnswer },
      async handle({ limits }) {
        const offered = [...catalog.names, ...wildcards];
        const refused = new Set(refusedGrants(limits, offered));
        return {
          status: 200,
          body: {
            scopes: catalog.names.map((name) => ({
              name,
              description: catalog.describe(name)?.description ?? '',
              default: catalog.describe(name)?.default ?? false,
              protected: catalog.isProtected(name),
              server: catalog.isServer(name),
              grantable: !refused.has(name),
            })),
            defaults: catalog.defaults,
            roles: Object.fromEntries(catalog.roleNames.map((role) => [role, catalog.role(role) ?? []])),
            tiers: Object.fromEntries(catalog.tierNames.map((name) => [name, tierAnswer(catalog, name)])),
            grantable: offered.filter((entry) => !refused.has(entry)),
          },
        };
      },
    }),
  ];
}

function tierAnswer(catalog: ScopeCatalog, name: string): { limit: number | null; window_seconds: number } {
  const tier = catalog.tier(name);
  return { limit: tier?.limit ?? null, window_seconds: tier?.windowSeconds ?? 3600 };
}
