import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import { badRequest, type Refusal, refusalFor } from '../core/answer.ts';
import { InvalidInput, LatchkeyError } from '../core/errors.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import type { Requirement } from '../core/verification.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';
import type { Access, AnyRoute, ApiAnswer } from './route.ts';

const BODY_LIMIT = '64kb';

/** Builds the router of the JSON API: limit the body, verify the caller, check the shape, act, present. */
export function apiRouter(
  routes: readonly AnyRoute[],
  verify: VerifyInProcess,
): { middleware: Middleware; allowed: Middleware } {
  const router = new Router();
  const readBody = bodyParser({ enableTypes: ['json'], jsonLimit: BODY_LIMIT, onError: passStatus });
  for (const one of routes) {
    const steps: Middleware[] = [requireJson(one), readBody, handlerOf(one, verify)];
    router.register(one.path, [one.method], steps);
  }
  return { middleware: router.routes() as Middleware, allowed: router.allowedMethods() as Middleware };
}

/** Whatever keeps a body from being read was sent by the caller: broken compression has no status of its own. */
function passStatus(error: Error): never {
  if ('status' in error) throw error;
  throw new LatchkeyError({ status: 400, code: 'bad_body', description: 'The request body could not be read.' });
}

/** A body that is not JSON is refused before it is read, forms above all: they can be sent by any page without asking. */
function requireJson(one: AnyRoute): Middleware {
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

function handlerOf(one: AnyRoute, verify: VerifyInProcess): Middleware {
  const requirement = requirementOf(one.access);
  return async (context) => {
    context.set('Cache-Control', 'no-store');
    const presented = readPresentedCredential(context.req.rawHeaders, context.url);
    if (presented.kind === 'refused') return refuse(context, badRequest(presented.message));
    const verification = await verify({
      credential: presented.kind === 'none' ? null : presented.value,
      requirement,
      audience: null,
      cost: 1,
    });
    if (!verification.allowed || verification.limits === null) {
      const refused = verification.allowed ? null : verification;
      if (refused === null) throw new Error('an allowed verification came without its limits');
      return refuse(
        context,
        refusalFor(refused, requirement ?? { scopes: [], any: false }, Math.floor(Date.now() / 1000)),
      );
    }
    const body = parse(one.body, context.request.body ?? {}) as never;
    const query = parse(one.query, { ...context.query }) as never;
    const { principal, limits } = verification;
    present(context, await one.handle({ principal, limits, params: context.params ?? {}, body, query }));
  };
}

function requirementOf(access: Access): Requirement | null {
  return access === 'any_credential' ? null : { scopes: access.scopes, any: false };
}

function parse(schema: z.ZodType | undefined, input: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  // Without a prototype, because a field may be called `constructor`.
  const errors: Record<string, string[]> = Object.create(null);
  for (const issue of parsed.error.issues) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.map(String).join('.') || 'body'];
    const sentence = issue.code === 'unrecognized_keys' ? 'This field does not exist.' : `${issue.message}.`;
    for (const field of unknown) errors[field] = [...(errors[field] ?? []), sentence];
  }
  throw new InvalidInput(errors);
}

function present(context: Context, answer: ApiAnswer): void {
  context.status = answer.status;
  if (answer.body !== undefined) context.body = answer.body;
}

function refuse(context: Context, refusal: Refusal): void {
  context.status = refusal.status;
  for (const [name, value] of refusal.headers) context.set(name, value);
  context.body = refusal.body;
}
