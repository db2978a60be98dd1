import type { Connection } from './connection.ts';
import { CommandFailure, type CommandFailureOptions, EXIT_CODE } from './exit-code.ts';

/** Says in sentences what an answer other than 2xx means for the person at the keyboard. */
export function refusal(connection: Connection, answer: ServerAnswer): CommandFailure {
  const { status, body } = answer;
  return new CommandFailure({ exitCode: EXIT_CODE.refused, status, body, ...sentences(connection, answer) });
}

/** An answer of the server, read to its end. */
export interface ServerAnswer {
  readonly status: number;
  /** The parsed body; null when there was none. */
  readonly body: unknown;
  readonly headers: Headers;
}

type Sentences = Pick<CommandFailureOptions, 'message' | 'details' | 'hint'> & Partial<CommandFailureOptions>;

function sentences(connection: Connection, answer: ServerAnswer): Sentences {
  const { status } = answer;
  const said = saidByServer(answer.body);
  if (status === 401 || said.code === 'invalid_client') return unauthenticated(connection, said.sentence);
  if (status === 403) return forbidden(connection, answer.body, said.sentence);
  if (status === 404) return { message: said.sentence ?? 'There is no such thing on this server.' };
  if (status === 422)
    return { message: said.sentence ?? 'The given data was invalid.', details: fieldErrors(answer.body) };
  if (status === 429) return { message: said.sentence ?? 'Too many requests.', ...retryHint(answer) };
  if (status === 503) {
    const message = `The server at ${connection.url} is up, but can not work at the moment (503).`;
    return { message, exitCode: EXIT_CODE.unreachable, ...retryHint(answer) };
  }
  if (status >= 300 && status < 400) return redirected(connection, answer);
  const message = said.sentence ?? `The server answered with status ${status}.`;
  const id = answer.headers.get('x-request-id');
  return status >= 500 && id !== null ? { message, hint: `Its log tells more under request id ${id}.` } : { message };
}

function unauthenticated({ url, source }: Connection, said: string | undefined): Sentences {
  const ownFile = source !== 'LATCHKEY_TOKEN';
  return {
    message: `The server at ${url} does not accept the credential from ${source}${said === undefined ? '.' : ` (${said})`}`,
    hint: ownFile
      ? 'Does that file belong to this server? Point DATA_DIR at the data folder of the server, or set LATCHKEY_TOKEN.'
      : 'It may be expired, revoked or meant for another server. Set LATCHKEY_TOKEN to a valid one, or unset it to use the file that the server wrote on this machine.',
  };
}

function forbidden({ source }: Connection, body: unknown, said: string | undefined): Sentences {
  const required = member(body, 'required_scope');
  if (typeof required !== 'string') return { message: said ?? 'The server forbids this.' };
  const provided = member(body, 'provided_scopes');
  const has = Array.isArray(provided) && provided.length > 0 ? provided.join(' ') : 'nothing';
  return {
    message: `The credential from ${source} may not do this.`,
    details: [`required scope: ${required}`, `the credential has: ${has}`],
    hint: 'Use a credential that covers the required scope.',
  };
}

function redirected(connection: Connection, { status, headers }: ServerAnswer): Sentences {
  const location = URL.parse(headers.get('location') ?? '', connection.url);
  return {
    message: `The server at ${connection.url} sends elsewhere (${status}), and the credential does not go along by itself.`,
    hint: `If ${location?.origin ?? 'the other address'} is right, set LATCHKEY_URL to it.`,
  };
}

function fieldErrors(body: unknown): string[] {
  const errors = member(body, 'errors');
  if (typeof errors !== 'object' || errors === null) return [];
  return Object.entries(errors).flatMap(([field, said]) => [said].flat().map((sentence) => `${field}: ${sentence}`));
}

function retryHint({ headers }: ServerAnswer): { hint?: string } {
  const seconds = headers.get('retry-after');
  return seconds === null ? {} : { hint: `Try again in ${seconds} s.` };
}

/** The sentence of the JSON API (`message`) or of the OAuth endpoints (`error`, `error_description`; RFC 6749 section 5.2). */
function saidByServer(body: unknown): { sentence: string | undefined; code: string | undefined } {
  const code = text(member(body, 'error'));
  return { code, sentence: text(member(body, 'message')) ?? text(member(body, 'error_description')) ?? code };
}

function member(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
