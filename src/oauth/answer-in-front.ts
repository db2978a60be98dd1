import { IncomingMessage, type ServerResponse } from 'node:http';
import { longestFormBytes } from '../http/read-form.ts';
import { type PostedForm, readPostedForm } from './posted-form.ts';
import { refusedRequest } from './refused-request.ts';

/** An endpoint whose usual requests, small forms, are answered in front of everything else. */
export interface EndpointInFront {
  readonly path: string;
  /** What the code behind reads at most, in bytes, and no more than `longestFormBytes`. */
  readonly longestFormBytes: number;
  /** Headers of its answers, beside those of all answers and those that every answer here has. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Finds the answer. Never rejects: what fails is for the code behind to say. */
  readonly answer: (request: IncomingMessage, form: PostedForm) => Promise<AnswerInFront>;
}

/** The body of a 200, or what to do with the request that the code behind is to answer. */
export type AnswerInFront = { readonly body: object } | { readonly handOn: (again: IncomingMessage) => void };

/** What answering in front of everything else needs. */
export interface AnswerInFrontDeps {
  readonly issuer: string;
  readonly endpoints: readonly EndpointInFront[];
  /** Headers of every answer. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly requestId: (request: IncomingMessage) => string;
  /** Told of every answer given here; must not throw. */
  readonly onAnswer: (answer: {
    readonly requestId: string;
    readonly path: string;
    readonly status: number;
    readonly startedMs: number;
  }) => void;
  /** Answers everything else. */
  readonly otherwise: (request: IncomingMessage, response: ServerResponse) => void;
}

/* In another character set the same bytes would be another form. */
const FORM = /^application\/x-www-form-urlencoded *(?:; *(?:charset="?utf-8"?)?)?$/i;

/**
 * Answers forms that are as they should be on bare node:http. Whatever is unusual about a request, and every refusal and
 * failure, is answered behind, in one place for all. Says false for a request that it leaves alone.
 */
export function answerInFront(
  deps: AnswerInFrontDeps,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const host = new URL(deps.issuer).host;
  const common = deps.headers.flat();
  const json = ['Cache-Control', 'no-store', 'Content-Type', 'application/json; charset=utf-8', 'Content-Length'];
  const endpoints = new Map(
    deps.endpoints.map((endpoint) => [endpoint.path, { ...endpoint, headers: [...endpoint.headers.flat(), ...json] }]),
  );

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Omit<EndpointInFront, 'headers'> & { readonly headers: readonly string[] },
  ): Promise<void> {
    const startedMs = performance.now();
    const body = await readBody(request);
    if (body === null) return;
    const form = body.length > endpoint.longestFormBytes ? null : readPostedForm(body);
    if (form === null) return deps.otherwise(withBody(request, body), response);
    const found = await endpoint.answer(request, form);
    if ('handOn' in found) {
      const again = withBody(request, body);
      found.handOn(again);
      return deps.otherwise(again, response);
    }
    const requestId = deps.requestId(request);
    const text = JSON.stringify(found.body);
    const length = Buffer.byteLength(text);
    response.writeHead(200, [...common, 'X-Request-Id', requestId, ...endpoint.headers, String(length)]);
    // The same bytes where all is ASCII, and the cheaper way to write them.
    response.end(text, length === text.length ? 'latin1' : 'utf8');
    deps.onAnswer({ requestId, path: endpoint.path, status: 200, startedMs });
  }

  return (request, response) => {
    const endpoint = endpoints.get(request.url ?? '');
    if (endpoint === undefined || !isUsual(request, host)) return false;
    void answer(request, response, endpoint);
    return true;
  };
}

function isUsual({ method, headers, rawHeaders }: IncomingMessage, host: string): boolean {
  return (
    method === 'POST' &&
    headers.host === host &&
    FORM.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) <= longestFormBytes &&
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
      if (size > longestFormBytes) return;
      chunks.push(chunk);
      size += chunk.length;
      if (size > longestFormBytes) resolve(Buffer.concat(chunks));
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks)));
    request.on('error', () => resolve(null));
    request.on('close', () => resolve(null));
  });
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
