import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';

/** Which server to ask, and what to show it. */
export interface Connection {
  /** Address of the server, without a slash at its end. */
  readonly url: string;
  readonly credential:
    | { readonly type: 'token'; readonly token: string }
    | { readonly type: 'client'; readonly clientId: string; readonly clientSecret: string };
  /** Where the credential comes from, for messages: the variable's name or the file's path. */
  readonly source: string;
  /** Things to say aloud that do not stop anything. */
  readonly warnings: readonly string[];
}

const url = z.string().min(1);
const word = z.string().regex(/^[\x21-\x7e]+$/);
const cliFile = z.union([z.object({ url, token: word }), z.object({ url, client_id: word, client_secret: word })]);

/** Decides which server and credential this run uses. Throws `CommandFailure` with exit code 78 where that is not clear or not safe. */
export async function readConnection(env: NodeJS.ProcessEnv): Promise<Connection> {
  const wantedUrl = nonEmpty(env.LATCHKEY_URL);
  const token = nonEmpty(env.LATCHKEY_TOKEN);
  const path = join(nonEmpty(env.DATA_DIR) ?? 'data', 'cli.json');
  if (token !== undefined) {
    if (!word.safeParse(token).success)
      throw unusable('LATCHKEY_TOKEN contains spaces or characters no credential has.');
    const fallback = wantedUrl ?? (await readCliFile(path))?.url ?? `http://localhost:${nonEmpty(env.PORT) ?? '3000'}`;
    const named = wantedUrl === undefined ? 'The address' : 'LATCHKEY_URL';
    return {
      url: safeUrl(fallback, named),
      credential: { type: 'token', token },
      source: 'LATCHKEY_TOKEN',
      warnings: [],
    };
  }
  const file = await readCliFile(path);
  if (file === null) {
    throw unusable(
      `No credential: LATCHKEY_TOKEN is not set and ${path} does not exist.`,
      'Set LATCHKEY_URL and LATCHKEY_TOKEN, or run this where the server was started (npm start writes that file), or point DATA_DIR at its data folder.',
    );
  }
  const target = safeUrl(wantedUrl ?? file.url, wantedUrl === undefined ? `The url in ${path}` : 'LATCHKEY_URL');
  refuseForeignTarget(target, file.url, path);
  return {
    url: target,
    credential:
      'token' in file
        ? { type: 'token', token: file.token }
        : { type: 'client', clientId: file.client_id, clientSecret: file.client_secret },
    source: path,
    warnings: await permissionWarnings(path),
  };
}

async function readCliFile(path: string): Promise<z.infer<typeof cliFile> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return null;
    throw unusable(`${path} can not be read (${error instanceof Error ? error.message : String(error)}).`);
  }
  // The parser's own complaint would quote the file, and the file is a secret.
  const parsed = cliFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw unusable(
    `${path} is not as the server writes it.`,
    'It must be JSON with url and token, or with url, client_id and client_secret.',
  );
}

/** A credential sent over plain http can be read on the way; only this machine's own addresses are exempt. */
function safeUrl(text: string, named: string): string {
  const address = URL.parse(text);
  if (address === null || !['http:', 'https:'].includes(address.protocol)) {
    throw unusable(`${named} is not an http or https address.`, 'It looks like https://auth.example.com.');
  }
  if (address.username !== '' || address.password !== '' || address.search !== '' || address.hash !== '') {
    throw unusable(`${named} must be an address alone, without user name, query or fragment.`);
  }
  if (address.protocol === 'http:' && !isLoopback(address)) {
    throw unusable(
      `${named} is http://${address.host}: the credential would travel in clear.`,
      'Use https, or run this command on the server itself with http://localhost.',
    );
  }
  return `${address.origin}${address.pathname.replace(/\/+$/, '')}`;
}

/** The credential of the file belongs to the server of the file: it is not shown to another one, save on this machine. */
function refuseForeignTarget(target: string, fileUrl: string, path: string): void {
  const wanted = new URL(target);
  if (isLoopback(wanted) || wanted.origin === URL.parse(fileUrl)?.origin) return;
  throw unusable(
    `LATCHKEY_URL names ${wanted.origin}, and the credential in ${path} belongs to another server.`,
    'Set LATCHKEY_TOKEN to a credential of that server.',
  );
}

function isLoopback(address: URL): boolean {
  return ['localhost', '[::1]'].includes(address.hostname) || /^127\.\d+\.\d+\.\d+$/.test(address.hostname);
}

async function permissionWarnings(path: string): Promise<string[]> {
  if (process.platform === 'win32') return [];
  const { mode } = await stat(path);
  return (mode & 0o077) === 0 ? [] : [`${path} can be read by other users of this machine; run: chmod 600 ${path}`];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function unusable(message: string, hint?: string): CommandFailure {
  return new CommandFailure({ exitCode: EXIT_CODE.configuration, message, ...(hint === undefined ? {} : { hint }) });
}
