import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ComposedServer, composeServer } from '../../src/compose.ts';
import { checkAnswersAgainst } from './check-answer.ts';
import { freePort } from './free-port.ts';
import { copyOfDatabase, freshDatabase } from './test-database.ts';

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

/**
 * Starts a server on a database of its own, as the first start leaves it. Without settings it starts from a copy of a first
 * start that ran before in this process, whose passwords, vocabulary and keys are the same; with settings it starts anew.
 */
export async function startServer(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
  if (Object.keys(environment).length > 0) return startAnew(environment);
  earlier ??= firstStart();
  const { databaseUrl, files, issuer, welcome } = await earlier;
  const [dataDir, port, copy] = await Promise.all([dataFolder(), freePort(), copyOfDatabase(databaseUrl)]);
  const ownIssuer = `http://localhost:${port}`;
  for (const [name, text] of files) {
    await writeFile(join(dataDir, name), text.replaceAll(issuer, ownIssuer), { mode: 0o600 });
  }
  const server = await listenAs({ DATABASE_URL: copy }, { dataDir, port });
  return { ...server, welcome: welcome.replaceAll(issuer, ownIssuer) };
}

/** Starts a server for the first time, or on the database that is named in `environment`, with everything else as it comes. */
export async function startAnew(environment: NodeJS.ProcessEnv = {}): Promise<TestServer> {
  const DATABASE_URL = environment.DATABASE_URL ?? (await freshDatabase());
  return listenAs({ ...environment, DATABASE_URL }, { dataDir: await dataFolder(), port: await freePort() });
}

/** What a first start has left: its database, its data folder and what it showed. */
interface FirstStart {
  readonly databaseUrl: string;
  readonly files: ReadonlyMap<string, string>;
  readonly issuer: string;
  readonly welcome: string;
}

let earlier: Promise<FirstStart> | undefined;

/** Two passwords are hashed on a first start, most of a second of work on a busy machine. */
async function firstStart(): Promise<FirstStart> {
  const { databaseUrl, dataDir, issuer, welcome, stop } = await startAnew();
  if (welcome === null) throw new Error('the first start showed nothing');
  const files = new Map<string, string>();
  for (const name of await readdir(dataDir)) files.set(name, await readFile(join(dataDir, name), 'utf8'));
  await stop();
  return { databaseUrl, files, issuer, welcome };
}

function dataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'latchkey-test-'));
}

async function listenAs(
  environment: NodeJS.ProcessEnv & { readonly DATABASE_URL: string },
  { dataDir, port }: { readonly dataDir: string; readonly port: number },
): Promise<TestServer> {
  const composed = await composeServer(
    {
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      ISSUER: `http://localhost:${port}`,
      PORT: String(port),
      DATA_DIR: dataDir,
      ...environment,
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
    databaseUrl: environment.DATABASE_URL,
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
