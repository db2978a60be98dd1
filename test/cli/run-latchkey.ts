import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The launcher, as a person runs it. */
export const launcherPath = fileURLToPath(new URL('../../bin/latchkey.js', import.meta.url));

/** How one run of the command line ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command line without a terminal, in an empty folder and with nothing in the environment but what is given. */
export async function runLatchkey(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
): Promise<Run> {
  const child = spawn(process.execPath, [launcherPath, ...args], {
    cwd: cwd ?? (await emptyFolder()),
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Makes a folder of its own for one test; it goes when the tests end. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  folders.push(folder);
  return folder;
}

/** A request that the stand-in server has seen. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the stand-in server answers. */
export interface StandInAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Starts a small HTTP server on loopback that answers as told and remembers what it was asked; `await using` stops it. */
export async function startStandIn(answer: (request: SeenRequest) => StandInAnswer): Promise<StandIn> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
    seen.push(one);
    const { status, body: content, headers } = answer(one);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(content === undefined ? '' : JSON.stringify(content));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The running stand-in. */
export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}
