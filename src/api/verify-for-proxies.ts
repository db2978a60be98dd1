import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, type Refusal, refusalFor } from '../core/answer.ts';
import type { Clock } from '../core/clock.ts';
import { LatchkeyError } from '../core/errors.ts';
import { readPresentedCredential } from '../core/presented-credential.ts';
import { principalHeaders } from '../core/principal-headers.ts';
import { isConcreteScope } from '../core/scope.ts';
import { standingHeaders } from '../core/standing-headers.ts';
import type { Requirement } from '../core/verification.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';

/** What `/verify` needs. */
export interface VerifyForProxiesDeps {
  readonly verify: VerifyInProcess;
  /** Value of the session cookie, where the proxy says what the original request was; null without one. */
  readonly readSession: (request: IncomingMessage) => string | null;
  readonly clock: Clock;
  /** Told about every answer, for metrics and logs; must not throw. */
  readonly onAnswer: (status: number, requestId: string, error?: unknown) => void;
  readonly requestId: (request: IncomingMessage) => string;
}

/** What the query string of `/verify` asks for. */
interface ProxyQuestion {
  readonly requirement: Requirement;
  readonly audience: string | null;
  readonly nginx: boolean;
}

const REMEMBERED_QUESTIONS = 1000;

/**
 * Builds the handler of `/verify`, the question of reverse proxies (nginx `auth_request`, Caddy `forward_auth`, Traefik,
 * Envoy). It stands on bare node:http because it is asked in front of every call.
 */
export function verifyForProxies(
  deps: VerifyForProxiesDeps,
): (request: IncomingMessage, response: ServerResponse) => void {
  const readQuestion = rememberQuestions();
  const { verify, clock, onAnswer } = deps;

  async function answer(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<number> {
    const url = request.url ?? '';
    const question = readQuestion(url.slice(url.indexOf('?') + 1 || url.length));
    if (typeof question === 'string') return sendRefusal(response, badRequest(question), requestId);
    const presented = readPresentedCredential(request.rawHeaders, url);
    if (presented.kind === 'refused') return sendRefusal(response, badRequest(presented.message), requestId);
    const verification = await verify({
      credential: presented.kind === 'none' ? null : presented.value,
      requirement: question.requirement,
      audience: question.audience,
      cost: 1,
      session: presented.kind === 'none' ? deps.readSession(request) : null,
      request,
    });
    const standing = standingHeaders(verification);
    if (verification.allowed) {
      response.writeHead(200, [
        ...principalHeaders(verification.principal),
        ...standing,
        'X-Request-Id',
        requestId,
        'Cache-Control',
        'no-store',
        'Content-Length',
        '0',
      ]);
      response.end();
      return 200;
    }
    const refusal = refusalFor(verification, question.requirement, Math.floor(clock().getTime() / 1000));
    const status = question.nginx && refusal.status === 429 ? 403 : refusal.status;
    return sendRefusal(response, refusal, requestId, status, standing);
  }

  return (request, response) => {
    const requestId = deps.requestId(request);
    request.resume();
    answer(request, response, requestId).then(
      (status) => onAnswer(status, requestId),
      (error: unknown) => {
        const status = sendFailure(response, error, requestId);
        onAnswer(status, requestId, error);
      },
    );
  };
}

function sendRefusal(
  response: ServerResponse,
  refusal: Refusal,
  requestId: string,
  status: number = refusal.status,
  standing: readonly string[] = [],
): number {
  sendJson(response, status, refusal.body, requestId, [...refusal.headers.flat(), ...standing]);
  return status;
}

/** Whatever goes wrong inside the decision denies: 503 when something it depends on is down, 403 for a session of a foreign page, 500 otherwise. */
function sendFailure(response: ServerResponse, error: unknown, requestId: string): number {
  const known = error instanceof LatchkeyError && (error.status === 503 || error.status === 403);
  const status = known ? error.status : 500;
  if (response.headersSent) {
    response.destroy();
    return status;
  }
  const message = known ? error.description : 'Internal server error.';
  const body = known ? { message } : { message, request_id: requestId };
  sendJson(response, status, body, requestId, status === 503 ? ['Retry-After', '2'] : []);
  return status;
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: Readonly<Record<string, unknown>>,
  requestId: string,
  headers: readonly string[],
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, [
    ...headers,
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(text)),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    requestId,
  ]);
  response.end(text);
}

/** Query strings of proxies are few and repeat in every request, so each is read once; a sentence means 400. */
function rememberQuestions(): (query: string) => ProxyQuestion | string {
  const remembered = new Map<string, ProxyQuestion | string>();
  return (query) => {
    const known = remembered.get(query);
    if (known !== undefined) return known;
    const question = parseQuestion(new URLSearchParams(query));
    if (remembered.size >= REMEMBERED_QUESTIONS) remembered.clear();
    remembered.set(query, question);
    return question;
  };
}

function parseQuestion(query: URLSearchParams): ProxyQuestion | string {
  const all = query.getAll('scope').flatMap((value) => value.split(' '));
  const any = query.getAll('any').flatMap((value) => value.split(','));
  const scopes = [...all, ...any].filter((scope) => scope !== '');
  if (scopes.length === 0) return 'Name the scope to check: /verify?scope=posts:read, or any=posts:read,posts:write.';
  if (all.length > 0 && any.length > 0) return 'Use either scope (all are needed) or any (one is enough), not both.';
  const strange = scopes.find((scope) => !isConcreteScope(scope));
  if (strange !== undefined) return 'A required scope is concrete, such as posts:read: wildcards are for grants.';
  return {
    requirement: { scopes: [...new Set(scopes)], any: any.length > 0 },
    audience: query.get('audience') || null,
    nginx: query.get('mode') === 'nginx',
  };
}
