import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComposedServer, composeServer } from '../../src/compose.ts';
import { checkAnswersAgainst } from './check-answer.ts';
import { freePort } from './free-port.ts';
import { freshDatabase } from './test-database.ts';

/** A real server of this project, listening on loopback inside the test's process. */
export interface TestServer {
  readonly url: string;
  readonly issuer: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly composed: ComposedServer;
  /** What the first start would have shown; null on a database that was set up before. */
  readonly welcome: string | null;
  /** Every line of the log so far. */
  stop(): Promise<void>;
}

/** A machine client's credential. */
export interface MachineLogin {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Starts a server on a database of its own (or the one named in `environment`), with everything else as on a first start. */
export async function startServer(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  const port = await freePort();
  const databaseUrl = environment.DATABASE_URL ?? (await freshDatabase());
  const composed = await composeServer(
    {
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      ISSUER: `http://localhost:${port}`,
      PORT: String(port),
      DATA_DIR: dataDir,
      ...environment,
      DATABASE_URL: databaseUrl,
    },
    port,
  );
  checkAnswersAgainst(composed.apiDescription);
  await new Promise<void>((resolve, reject) => {
    composed.server.once('error', reject);
    composed.server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://localhost:${port}`,
    issuer: composed.issuer,
    databaseUrl,
    dataDir: environment.DATA_DIR ?? dataDir,
    composed,
    welcome: composed.welcome,
    async stop() {
      composed.server.closeAllConnections();
      await new Promise((resolve) => composed.server.close(resolve));
      await composed.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The personal access token that the first start wrote for this machine's command line; it may do everything. */
export async function commandLineToken(server: Pick<TestServer, 'dataDir'>): Promise<string> {
  const file: unknown = JSON.parse(await readFile(join(server.dataDir, 'cli.json'), 'utf8'));
  const { token } = file as Record<string, string>;
  if (token === undefined) throw new Error('cli.json has another form');
  return token;
}

const machines = new Map<string, Promise<MachineLogin>>();

/** A machine client that may do everything, registered once a server by its command line's token. */
export function almightyMachine(server: Pick<TestServer, 'url' | 'dataDir'>): Promise<MachineLogin> {
  const known = machines.get(server.dataDir) ?? registerAlmighty(server);
  machines.set(server.dataDir, known);
  return known;
}

async function registerAlmighty(server: Pick<TestServer, 'url' | 'dataDir'>): Promise<MachineLogin> {
  const answer = await fetch(`${server.url}/api/clients`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await commandLineToken(server)}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ client_name: 'Almighty machine', grant_types: ['client_credentials'], scope: '*' }),
  });
  const { client_id: clientId, client_secret: clientSecret } = (await answer.json()) as Record<string, string>;
  if (clientId === undefined || clientSecret === undefined) throw new Error(`no machine: ${answer.status}`);
  return { clientId, clientSecret };
}

/** Gets a token by client credentials, as a machine would. */
export async function clientToken(
  server: Pick<TestServer, 'url'>,
  login: MachineLogin,
  scope?: string,
): Promise<string> {
  const answer = await fetch(`${server.url}/oauth/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${login.clientId}:${login.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) }),
  });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`no token: ${answer.status} ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Waits until `condition` holds, asking often; throws after `patienceMs`. */
export async function until(condition: () => boolean | Promise<boolean>, patienceMs = 5000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await sleep(20);
  }
}
