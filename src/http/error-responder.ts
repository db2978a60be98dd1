import type { Context, Middleware } from 'koa';
import {
  Conflict,
  DependencyDown,
  FreshSignInNeeded,
  InvalidInput,
  LatchkeyError,
  TooManyRequests,
} from '../core/errors.ts';
import { requestIdOf } from './request-id.ts';

/** Told about every failure that is not the caller's fault. */
export type ReportFailure = (error: unknown, requestId: string) => void;

/** Decides the face of every error in one place: JSON for programs; what is not ours becomes a 500 that says only its request id. */
export function errorResponder(translateError: (error: unknown) => unknown, report: ReportFailure): Middleware {
  return async (context, next) => {
    context.set('X-Request-Id', requestIdOf(context.req));
    try {
      await next();
    } catch (thrown) {
      answer(context, translateError(thrown), report);
    }
    if (context.body) return;
    // The router tells methods it knows (405) from others (501); to the caller both are a method that is not there.
    if (context.status === 405 || context.status === 501) refuse(context, 405, 'Method not allowed.');
    if (context.status === 404) refuse(context, 404, 'Not found.');
  };
}

function refuse(context: Context, status: number, message: string): void {
  context.status = status;
  context.body = { message };
}

function answer(context: Context, error: unknown, report: ReportFailure): void {
  const requestId = requestIdOf(context.req);
  context.set('Cache-Control', 'no-store');
  if (error instanceof LatchkeyError) {
    if (error.status >= 500) report(error, requestId);
    context.status = error.status;
    if (error instanceof DependencyDown || error instanceof TooManyRequests)
      context.set('Retry-After', String(error.retryAfterSeconds));
    context.body = bodyOf(error);
    return;
  }
  const refusal = refusedByParser(error);
  if (refusal !== null) {
    context.status = refusal.status;
    context.body = { message: refusal.message };
    return;
  }
  report(error, requestId);
  context.status = 500;
  context.body = { message: 'Internal server error.', request_id: requestId };
}

function bodyOf(error: LatchkeyError): Record<string, unknown> {
  if (error instanceof InvalidInput) return { message: error.description, errors: error.errors };
  if (error instanceof Conflict) return { message: error.description, ...error.members };
  if (error instanceof TooManyRequests) return { message: error.description, retry_after: error.retryAfterSeconds };
  if (error instanceof FreshSignInNeeded) return { message: error.description, reauthenticate: true };
  return { message: error.description };
}

const PARSER_SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request body could not be read.',
  413: 'The request body is too large.',
  415: 'The request body must be JSON: send Content-Type: application/json.',
};

/** Libraries below us throw errors with a status; their own words may quote the input, so ours are said instead. */
function refusedByParser(error: unknown): { status: number; message: string } | null {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  return { status, message: PARSER_SENTENCES[status] ?? 'The request could not be understood.' };
}
