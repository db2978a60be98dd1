import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { LatchkeyError } from '../core/errors.ts';

/** A form as it was sent: one value a field, except for the lists that the page has. */
export interface Form {
  /** The value of a field; empty when it was not sent. */
  text(name: string): string;
  list(name: string): readonly string[];
}

/** Longest body that is read, in bytes. */
export const longestFormBytes = 65_536;

/** Reads a form body; throws 400, 413 or 415 for what is none, a repeated field that is no list among it. */
export async function readForm(context: Context, lists: readonly string[] = []): Promise<Form> {
  if (!context.is('application/x-www-form-urlencoded')) throw notAForm();
  return formOf(await readBody(context.req), lists);
}

function formOf(body: string, lists: readonly string[]): Form {
  const fields = new Map<string, string[]>();
  for (const [name, value] of decodeForm(body)) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else if (lists.includes(name)) values.push(value);
    else throw unreadable(`${name.slice(0, 40)} is repeated`);
  }
  return {
    text: (name) => fields.get(name)?.[0] ?? '',
    list: (name) => fields.get(name) ?? [],
  };
}

/**
 * Reads a form and leaves the request as if nobody had: whoever stands behind may read the body again. Throws like
 * `readForm`.
 */
export async function peekForm(context: Context): Promise<Form> {
  if (!context.is('application/x-www-form-urlencoded')) throw notAForm();
  const { req } = context;
  const body = await readBody(req);
  // The same request, with a body that starts over.
  const again = Object.assign(Readable.from([Buffer.from(body)], { objectMode: false }), {
    headers: req.headers,
    rawHeaders: req.rawHeaders,
    method: req.method,
    url: req.url,
    socket: req.socket,
  });
  Object.defineProperty(context, 'req', { configurable: true, writable: true, value: again });
  Object.defineProperty(context.request, 'req', { configurable: true, writable: true, value: again });
  return formOf(body, []);
}

/** Reads a JSON object; throws 400, 413. */
export async function readJsonObject(context: Context): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(context.req);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw unreadable('no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('no object');
  return Object.fromEntries(Object.entries(value));
}

async function readBody(request: IncomingMessage): Promise<string> {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') throw notAForm();
  if (Number(request.headers['content-length'] ?? 0) > longestFormBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > longestFormBytes) throw tooLarge();
    chunks.push(bytes);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw unreadable('no UTF-8');
  }
}

function decodeForm(body: string): readonly (readonly [string, string])[] {
  return body
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [decodePart(pair), ''] : [decodePart(pair.slice(0, at)), decodePart(pair.slice(at + 1))];
    });
}

function decodePart(part: string): string {
  let text: string;
  try {
    text = decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw unreadable('a broken escape');
  }
  // PostgreSQL stores no NUL, and nobody types one.
  if (text.includes('\0')) throw unreadable('NUL');
  return text;
}

function unreadable(detail: string): LatchkeyError {
  return new LatchkeyError({
    status: 400,
    code: 'unreadable_body',
    description: 'The request body could not be read.',
    detail,
  });
}

function tooLarge(): LatchkeyError {
  return new LatchkeyError({
    status: 413,
    code: 'body_too_large',
    description: 'The request body is too large.',
  });
}

function notAForm(): LatchkeyError {
  return new LatchkeyError({
    status: 415,
    code: 'unsupported_media_type',
    description: 'The request body must be a form: send Content-Type: application/x-www-form-urlencoded.',
  });
}
