import type { IncomingMessage } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import { badRequest, type Refusal, refusalFor } from '../core/answer.ts';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { InvalidInput, LatchkeyError } from '../core/errors.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import { isConcreteScope } from '../core/scope.ts';
import { standingHeaders } from '../core/standing-headers.ts';
import type { Requirement } from '../core/verification.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { InProcessVerification, VerifyInProcess } from '../verification/verify-credential.ts';
import type { Access, AnyRoute, ApiAnswer, ApiCall, CallOrigin } from './route.ts';

const BODY_LIMIT = '64kb';

/** What every route is called with. */
export interface ApiRouterDeps {
  readonly verify: VerifyInProcess;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Tells whether a `Basic` header proves a client that is marked as a resource server. */
  readonly isResourceServer: (authorization: string) => Promise<boolean>;
}

/** Builds the router of the JSON API: limit the body, verify the caller, check the shape, act, present. */
export function apiRouter(
  routes: readonly AnyRoute[],
  deps: ApiRouterDeps,
): { middleware: Middleware; allowed: Middleware } {
  refuseUndeclared(routes);
  const router = new Router({ sensitive: true });
  for (const one of routes) {
    const steps: Middleware[] = [requireJson(one), readBody, handlerOf(one, deps)];
    router.register(one.path, [one.method], steps);
  }
  return { middleware: router.routes() as Middleware, allowed: router.allowedMethods() as Middleware };
}

/** A server with a route of which nobody has said who may call it, or said it twice, does not start. */
function refuseUndeclared(routes: readonly AnyRoute[]): void {
  const seen = new Set<string>();
  for (const { method, path, access } of routes) {
    const name = `${method} ${path}`;
    if (!isAccess(access)) throw new Error(`${name} does not declare who may call it`);
    if (seen.has(name)) throw new Error(`${name} is declared twice`);
    seen.add(name);
  }
}

/** Looks at the value itself, because a mistake of types must not open a route. */
function isAccess(access: unknown): boolean {
  if (typeof access === 'string') return ['any_credential', 'session', 'resource_server'].includes(access);
  const scopes = typeof access === 'object' && access !== null && 'scopes' in access ? access.scopes : [];
  return Array.isArray(scopes) && scopes.length > 0 && scopes.every((scope) => isConcreteScope(scope));
}

/** Reads a JSON body of at most 64 kB; a DELETE may have one too, such as the password that confirms it. */
export const readBody: Middleware = bodyParser({
  enableTypes: ['json'],
  jsonLimit: BODY_LIMIT,
  parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  onError: passStatus,
}) as Middleware;

/** Whatever keeps a body from being read was sent by the caller: broken compression has no status of its own. */
function passStatus(error: Error): never {
  if ('status' in error) throw error;
  throw new LatchkeyError({ status: 400, code: 'bad_body', description: 'The request body could not be read.' });
}

/** A body that is not JSON is refused before it is read, forms above all: they can be sent by any page without asking. */
export function requireJson(one: Pick<AnyRoute, 'body'>): Middleware {
  return async (context, next) => {
    const hasBody = (context.request.length ?? 0) > 0 || context.get('Transfer-Encoding') !== '';
    if (hasBody && one.body !== undefined && !context.is('application/json')) {
      throw new LatchkeyError({
        status: 415,
        code: 'unsupported_media_type',
        description: 'The request body must be JSON: send Content-Type: application/json.',
      });
    }
    await next();
  };
}

function handlerOf(one: AnyRoute, deps: ApiRouterDeps): Middleware {
  const requirement = requirementOf(one.access);
  return async (context) => {
    context.set('Cache-Control', 'no-store');
    const caller = await identify(context, one, requirement, deps);
    if (caller === null) return;
    const body = parse(one.body, context.request.body ?? {}) as never;
    const query = parse(one.query, { ...context.query }) as never;
    const request: CallOrigin = {
      address: deps.addressOf(context.req),
      requestId: requestIdOf(context.req),
      idempotencyKey: context.get('Idempotency-Key') || null,
    };
    present(context, await one.handle({ ...caller, request, params: context.params ?? {}, body, query }));
  };
}

/** Verifies the caller and writes where they stand; null when the answer is a refusal, which is then written. */
async function identify(
  context: Context,
  one: AnyRoute,
  requirement: Requirement | null,
  deps: ApiRouterDeps,
): Promise<Pick<ApiCall<never, never>, 'principal' | 'limits'> | null> {
  const presented = readPresentedCredential(context.req.rawHeaders, context.url);
  if (presented.kind === 'refused') return refuse(context, badRequest(presented.message));
  if (one.access === 'resource_server' && (await deps.isResourceServer(context.get('Authorization'))))
    return RESOURCE_SERVER;
  const verification = await deps.verify({
    credential: presented.kind === 'none' ? null : presented.value,
    requirement,
    audience: null,
    cost: one.uncounted === true ? 0 : 1,
    request: context.req,
  });
  const standing = standingHeaders(verification);
  for (let index = 0; index + 1 < standing.length; index += 2)
    context.set(standing[index] ?? '', standing[index + 1] ?? '');
  const caller = callerBehind(one.access, verification);
  if (caller === null && !verification.allowed) {
    return refuse(context, refusalFor(verification, requirement ?? IDENTIFY, Math.floor(Date.now() / 1000)));
  }
  return caller ?? refuse(context, SESSION_ONLY);
}

/** Who calls a route, as its handler sees them. */
export type Caller = Pick<ApiCall<unknown, unknown>, 'principal' | 'limits'>;

/**
 * Gives the caller that a verification lets in; null for anybody else. What is suspended is a workspace, not a person: at
 * the routes for persons alone, about their sessions and their account, they are let in from there too, holding nothing.
 */
export function callerBehind(access: Access, verification: InProcessVerification): Caller | null {
  const { principal, limits } = verification;
  const isSession = principal?.credential.type === 'session';
  if (principal === null || (access === 'session' && !isSession)) return null;
  if (verification.allowed) {
    if (limits === null) throw new Error('an allowed verification came without its limits');
    return { principal, limits };
  }
  return access === 'session' && verification.reason === 'suspended' ? { principal, limits: NOTHING_HELD } : null;
}

const NOTHING_HELD: EffectiveScopeInputs = { grant: [], role: [], client: [], workspace: [], ownWorkspace: false };

/** A client that has proved itself by its secret asks about others; it acts for nobody and holds nothing here. */
const RESOURCE_SERVER: Pick<ApiCall<never, never>, 'principal' | 'limits'> = {
  principal: {
    subject: { type: 'client', id: '' },
    credential: { type: 'oauth_client_token', id: '', name: null, environment: null, expiresAt: null },
    workspaceId: null,
    clientId: null,
    scopes: [],
  },
  limits: NOTHING_HELD,
};

const IDENTIFY: Requirement = { scopes: [], any: false };

const SESSION_ONLY: Refusal = {
  status: 403,
  headers: [],
  body: { message: 'Only a person who is signed in may do this: use a session, not a token or key.' },
};

/** Gives what a route asks of its caller; null where any credential will do. */
export function requirementOf(access: Access): Requirement | null {
  if (access === 'resource_server') return { scopes: ['credentials:introspect'], any: false };
  return typeof access === 'string' ? null : { scopes: access.scopes, any: false };
}

function parse(schema: z.ZodType | undefined, input: unknown): unknown {
  return schema === undefined ? undefined : parseInput(schema, input);
}

/** Reads input by its schema; throws `InvalidInput` with a sentence or more for every field at fault. */
export function parseInput<Input>(schema: z.ZodType<Input>, input: unknown): Input {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  // Without a prototype, because a field may be called `constructor`.
  const errors: Record<string, string[]> = Object.create(null);
  for (const issue of parsed.error.issues.flatMap(issuesOf)) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.map(String).join('.') || 'body'];
    const sentence = issue.code === 'unrecognized_keys' ? 'This field does not exist.' : `${issue.message}.`;
    for (const field of unknown) errors[field] = [...(errors[field] ?? []), sentence];
  }
  throw new InvalidInput(errors);
}

/** Of several shapes that a body may have, the one that was meant is the one that fails deepest. */
function issuesOf(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find(
    (branch) => !branch.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
  );
  return meant === undefined ? [issue] : meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function present(context: Context, answer: ApiAnswer): void {
  context.status = answer.status;
  if (answer.body !== undefined) context.body = answer.body;
}

function refuse(context: Context, refusal: Refusal): null {
  context.status = refusal.status;
  for (const [name, value] of refusal.headers) context.set(name, value);
  context.body = refusal.body;
  return null;
}
