import { z } from 'zod';
import { FreshSignInNeeded, NotFound } from '../core/errors.ts';
import { isFarReaching } from '../core/far-reaching.ts';
import { covers } from '../core/scope.ts';
import { freshSignInSeconds } from '../users/session.ts';
import type { AnyRoute, ApiCall } from './route.ts';

/** A call before its route has looked at it; the body has the shape that the route declares. */
export type CallToWeigh = Pick<ApiCall<unknown, unknown>, 'principal' | 'limits' | 'params' | 'body'>;

/** What the guard needs to know about the things that calls are about; empty for what is not there. */
export interface FreshSessionDeps {
  /** How long ago the password was given in a session, by the database's clock; null when the session has ended. */
  readonly secondsSinceAuthentication: (sessionId: number) => Promise<number | null>;
  /** Scopes of a key that the caller manages; throws `NotFound` for any other. */
  readonly scopesOfKey: (call: CallToWeigh, id: string | undefined) => Promise<readonly string[]>;
  readonly scopesOfClient: (clientId: string) => Promise<readonly string[]>;
  /** What the roles of a user grant, over all workspaces. */
  readonly scopesOfUser: (id: string | undefined) => Promise<readonly string[]>;
  readonly scopesOfRole: (role: string) => readonly string[];
}

/** Tells whether a call is one of those that take a password given lately. */
type Weigh = (call: CallToWeigh, deps: FreshSessionDeps) => boolean | Promise<boolean>;

/** The members of bodies by which somebody is given something. */
const given = z.object({
  scopes: z.array(z.string()).nullish(),
  abilities: z.array(z.string()).nullish(),
  scope: z.string().nullish(),
  role: z.string().nullish(),
  email: z.string().nullish(),
});

function bodyOf({ body }: CallToWeigh): z.output<typeof given> {
  return given.parse(body ?? {});
}

const byScopes: Weigh = (call) => {
  const { scopes, abilities } = bodyOf(call);
  return isFarReaching([...(scopes ?? []), ...(abilities ?? [])]);
};

const byRole: Weigh = (call, { scopesOfRole }) => isFarReaching(scopesOfRole(bodyOf(call).role ?? ''));

/** What a client will be allowed is what counts; who changes one that is allowed that much could make it their own. */
const byClient: Weigh = async (call, { scopesOfClient }) => {
  const { scope } = bodyOf(call);
  return isFarReaching(scope?.split(' ') ?? (await scopesOfClient(call.params.client_id ?? '')));
};

/** Whoever gets a link to a user's password, or their mail, can become that user. */
const byUser: Weigh = async ({ params }, { scopesOfUser }) => isFarReaching(await scopesOfUser(params.id));

const always: Weigh = () => true;

/** Every route that can hand out power over the server, or take the ground from under what runs on it. */
const weights: Readonly<Record<string, Weigh>> = {
  'POST /api/tokens': byScopes,
  'POST /api/keys': byScopes,
  // Only what it did not hold before is given.
  'PATCH /api/keys/:id': async (call, { scopesOfKey }) => {
    const wanted = (bodyOf(call).scopes ?? []).filter((entry) => isFarReaching([entry]));
    if (wanted.length === 0) return false;
    const held = await scopesOfKey(call, call.params.id);
    return wanted.some((entry) => !held.some((one) => covers(one, entry, () => true)));
  },
  // A new key with the same scopes.
  'POST /api/keys/:id/rotate': async (call, { scopesOfKey }) => isFarReaching(await scopesOfKey(call, call.params.id)),
  'POST /api/clients': byClient,
  'PATCH /api/clients/:client_id': byClient,
  'DELETE /api/clients/:client_id': always,
  'POST /api/clients/:client_id/secrets': byClient,
  'POST /api/users': byRole,
  'PATCH /api/users/:id': async (call, deps) => bodyOf(call).email != null && byUser(call, deps),
  'POST /api/users/:id/invite': byUser,
  'POST /api/workspaces/:id/members': byRole,
  'PATCH /api/workspaces/:id/members/:user_id': byRole,
  'POST /api/signing-keys/rotate': always,
};

/**
 * Builds the guard of far-reaching calls: a person in a session makes them with a password given in the last ten minutes,
 * so that a copied cookie is not enough. Tokens, keys and clients are no sessions, and not concerned. Wraps the routes;
 * throws where one of those it knows is not among them.
 */
export function requireFreshSession(deps: FreshSessionDeps): (routes: readonly AnyRoute[]) => readonly AnyRoute[] {
  return (routes) => {
    const names = new Set(routes.map(nameOf));
    const unknown = Object.keys(weights).filter((name) => !names.has(name));
    if (unknown.length > 0) throw new Error(`no such routes to guard: ${unknown.join(', ')}`);
    return routes.map((one) => guarded(one, deps));
  };
}

function guarded(one: AnyRoute, deps: FreshSessionDeps): AnyRoute {
  const weigh = weights[nameOf(one)];
  if (weigh === undefined) return one;
  return {
    ...one,
    async handle(call) {
      const isSession = call.principal.credential.type === 'session';
      if (isSession && (await isWeighty(weigh, call, deps))) await refuseStale(call, deps);
      return one.handle(call);
    },
  };
}

/** What is not there, or not theirs, the route itself says. */
async function isWeighty(weigh: Weigh, call: CallToWeigh, deps: FreshSessionDeps): Promise<boolean> {
  try {
    return await weigh(call, deps);
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

async function refuseStale({ principal }: CallToWeigh, deps: FreshSessionDeps): Promise<void> {
  const seconds = await deps.secondsSinceAuthentication(Number(principal.credential.id));
  if (seconds === null || seconds > freshSignInSeconds) throw new FreshSignInNeeded();
}

function nameOf({ method, path }: AnyRoute): string {
  return `${method} ${path}`;
}
