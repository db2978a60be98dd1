import type { z } from 'zod';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import type { Principal } from '../core/principal.ts';

/**
 * Who may call a route: somebody whose effective scopes contain all of these, anybody with a good credential, only a
 * person in a session, or a resource server: a client marked as one by its secret, or a credential with
 * `credentials:introspect`.
 */
export type Access =
  | { readonly scopes: readonly [string, ...string[]] }
  | 'any_credential'
  | 'session'
  | 'resource_server';

/** Where a call comes from, for the audit trail and for calls that must not be repeated. */
export interface CallOrigin {
  readonly address: string;
  readonly requestId: string;
  /** `Idempotency-Key`, or null. */
  readonly idempotencyKey: string | null;
}

/** What a handler gets: the caller, and input that already has the shape the route declares. */
export interface ApiCall<Body, Query> {
  readonly principal: Principal;
  /** The limits of the caller's credential; whatever the caller grants must be covered by each of them. */
  readonly limits: EffectiveScopeInputs;
  readonly request: CallOrigin;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
}

/** What a handler gives back; `body` is undefined for 204. */
export interface ApiAnswer {
  readonly status: 200 | 201 | 204;
  readonly body?: unknown;
}

/** One call of the JSON API: where, who, what shape, and what it does. */
export interface Route<Body = unknown, Query = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** True where a call does not count against the caller's rate limit. */
  readonly uncounted?: boolean;
  /** True where a repeat under the same `Idempotency-Key` makes no second thing and is answered 409. */
  readonly idempotencyKey?: true;
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  /** Answers by status, for the description of the API; null has no body. */
  readonly answers: Readonly<Partial<Record<200 | 201 | 204, z.ZodType | null>>>;
  readonly handle: (call: ApiCall<Body, Query>) => Promise<ApiAnswer>;
}

/** A route whose input types are its own affair. */
export interface AnyRoute extends Omit<Route, 'handle' | 'body' | 'query'> {
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly handle: (call: ApiCall<never, never>) => Promise<ApiAnswer>;
}

/** Declares a route, so that its handler sees the types of its schemas. */
export function route<Body = undefined, Query = undefined>(definition: Route<Body, Query>): AnyRoute {
  return definition;
}
