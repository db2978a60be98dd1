import { isAscii } from 'node:buffer';
import { IncomingMessage, type ServerResponse } from 'node:http';
import type { CredentialEndpoints } from './credential-endpoints.ts';
import type { IntrospectionForm } from './decide-introspection.ts';
import { refusedRequest } from './refused-request.ts';

/** What answering introspections in front of everything else needs. */
export interface IntrospectInFrontDeps {
  readonly issuer: string;
  readonly endpoints: Pick<CredentialEndpoints, 'decide' | 'keep'>;
  /** Headers of every answer. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly requestId: (request: IncomingMessage) => string;
  /** Told of every answer given here; must not throw. */
  readonly onAnswer: (answer: {
    readonly requestId: string;
    readonly status: number;
    readonly startedMs: number;
  }) => void;
  /** Answers everything else. */
  readonly otherwise: (request: IncomingMessage, response: ServerResponse) => void;
}

const PATH = '/oauth/introspect';
const FORM = /^application\/x-www-form-urlencoded *(?:;|$)/i;
const LONGEST_BODY_BYTES = 65_536;

/**
 * Answers introspections (RFC 7662) that are as they should be on bare node:http: a resource server asks about every call
 * it gets. Whatever is unusual about a request, and every refusal and failure, is answered behind, in one place for all.
 */
export function introspectInFront(
  deps: IntrospectInFrontDeps,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const host = new URL(deps.issuer).host;
  const headers = deps.headers.flat();
  const json = ['Cache-Control', 'no-store', 'Content-Type', 'application/json; charset=utf-8', 'Content-Length'];

  async function answer(request: IncomingMessage, response: ServerResponse, startedMs: number): Promise<void> {
    const body = await readBody(request);
    if (body === null) return;
    const form = body.length > LONGEST_BODY_BYTES ? null : parseForm(body);
    if (form === null) return deps.otherwise(withBody(request, body), response);
    const outcome = await deps.endpoints
      .decide(request, form)
      .catch((error: unknown) => ({ kind: 'failed', error }) as const);
    if (outcome.kind !== 'answer') {
      const again = withBody(request, body);
      deps.endpoints.keep(again, outcome);
      return deps.otherwise(again, response);
    }
    const requestId = deps.requestId(request);
    const text = JSON.stringify(outcome.body);
    response.writeHead(200, [...headers, 'X-Request-Id', requestId, ...json, String(Buffer.byteLength(text))]);
    response.end(text);
    deps.onAnswer({ requestId, status: 200, startedMs });
  }

  return (request, response) => {
    if (request.url !== PATH || !isUsual(request, host)) return false;
    void answer(request, response, performance.now());
    return true;
  };
}

function isUsual({ method, headers, rawHeaders }: IncomingMessage, host: string): boolean {
  return (
    method === 'POST' &&
    headers.host === host &&
    FORM.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) <= LONGEST_BODY_BYTES &&
    refusedRequest(rawHeaders, '') === null
  );
}

/** The body as it came, cut off where it gets too long; null when the caller has gone. */
function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      // What comes after that is read to the end and forgotten, so that the connection stays of use.
      if (size > LONGEST_BODY_BYTES) return;
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST_BODY_BYTES) resolve(Buffer.concat(chunks));
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks)));
    request.on('error', () => resolve(null));
    request.on('close', () => resolve(null));
  });
}

/** Fields by their names; null for a form that repeats one or can not be read, which is for others to say. */
function parseForm(body: Buffer): IntrospectionForm | null {
  if (!isAscii(body)) return null;
  const fields = new Map<string, string>();
  for (const pair of body.toString('latin1').split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? '' : decode(pair.slice(at + 1));
    if (name === null || value === null || fields.has(name)) return null;
    fields.set(name, value);
  }
  return { text: (name) => fields.get(name) ?? '' };
}

const AS_IT_IS = /^[^%+\0]*$/;

function decode(part: string): string | null {
  if (AS_IT_IS.test(part)) return part;
  try {
    const text = decodeURIComponent(part.replaceAll('+', ' '));
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** The same request, with a body that starts over. */
function withBody({ socket, headers, rawHeaders, method, url }: IncomingMessage, body: Buffer): IncomingMessage {
  const again = new IncomingMessage(socket);
  Object.assign(again, { httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 });
  // Whole, because Node takes the end of any other for a caller who has hung up.
  Object.assign(again, { headers, rawHeaders, method, url, complete: true });
  again.push(body);
  again.push(null);
  return again;
}
