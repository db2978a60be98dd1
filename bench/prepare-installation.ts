import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSecretKey } from '../src/crypto/random-token.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/db/embedded-postgres.ts';
import { openDatabase } from '../src/db/open-database.ts';
import { type Filled, fillDatabase } from './fill-database.ts';
import { loadCore, onCore, type PinnedProcess, startPinned } from './pinned-process.ts';

/** A filled installation, ready for a server to be measured on it. */
export interface BenchInstallation {
  readonly filled: Filled;
  readonly clientId: string;
  readonly clientSecret: string;
  /** An app that people let in, for whole flows. */
  readonly app: { readonly clientId: string; readonly clientSecret: string };
  readonly databaseUrl: string;
  /** A server as `npm start` starts it, alone on its core. */
  startServer(nodeOptions?: readonly string[]): Promise<PinnedProcess>;
}

const SERVER = new URL('../src/main.ts', import.meta.url).pathname;
/** Where tokens are JWTs. */
export const reportsResource = 'https://reports.example.com';
/** Where the app gets its codes; nobody listens there. */
export const appCallback = 'http://localhost:9/callback';

/** Makes a PostgreSQL with its default durable settings, on the core of the load, and fills it; `atTheEnd` is told how to remove it. */
export async function prepareInstallation(
  port: number,
  rows: number,
  say: (line: string) => void,
  atTheEnd: (end: () => Promise<void>) => void,
): Promise<BenchInstallation> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: folder });
  atTheEnd(async () => {
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const secretKey = randomSecretKey();
  const environment: NodeJS.ProcessEnv = {
    NODE_ENV: 'development',
    LOG_LEVEL: 'info',
    ISSUER: `http://localhost:${port}`,
    DATABASE_URL: postgres.databaseUrl,
    DATA_DIR: folder,
    SECRET_KEYS: secretKey,
    SEED_EXAMPLES: 'false',
    SCOPES_FILE: writeScopesFile(folder),
  };
  const start = (nodeOptions?: readonly string[]): Promise<PinnedProcess> =>
    startPinned(SERVER, port, environment, '/readyz', [...productionOptions(), ...(nodeOptions ?? [])]);

  const first = await start();
  const { clientId, clientSecret } = await registerClient(first.url, folder, {
    client_name: 'Bench',
    grant_types: ['client_credentials'],
    scope: 'posts:read posts:write analytics:read',
    resource_server: true,
  });
  const app = await registerClient(first.url, folder, {
    client_name: 'App',
    redirect_uris: [appCallback],
    scope: 'posts:read',
  });
  await first.stop();
  say(`filling the database with ${rows.toLocaleString('en')} credentials …`);
  const database = openDatabase({ databaseUrl: postgres.databaseUrl, timeouts: { statementMs: 0, answerMs: 0 } });
  const filled = await fillDatabase(database.pool, secretKey, clientId, `http://localhost:${port}`, rows);
  await database.pool.query('VACUUM ANALYZE');
  await database.pool.query('CHECKPOINT');
  await database.close();
  pin(postgres);
  return {
    filled,
    clientId,
    clientSecret,
    app,
    databaseUrl: postgres.databaseUrl,
    startServer: start,
  };
}

/** The vocabulary with limits that no bench reaches: every call is counted, and none is refused for it. */
function writeScopesFile(folder: string): string {
  const file = join(folder, 'scopes.yaml');
  const vocabulary = readFileSync(new URL('../scopes.yaml', import.meta.url), 'utf8');
  const limited = vocabulary.replace(/business:.*/, 'business: { requests: 1000000000, per: hour }');
  writeFileSync(
    file,
    limited.replace(
      /^resources:$/m,
      `resources:\n  ${reportsResource}: { scopes: [posts:read, analytics:read], format: jwt, ttl: PT5M }`,
    ),
  );
  return file;
}

async function registerClient(
  url: string,
  dataDir: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<{ clientId: string; clientSecret: string }> {
  const { token } = JSON.parse(readFileSync(join(dataDir, 'cli.json'), 'utf8')) as { token: string };
  const answer = await fetch(`${url}/api/clients`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(settings),
  });
  const client = (await answer.json()) as { client_id: string; client_secret: string };
  if (!answer.ok) throw new Error(`no client: ${answer.status} ${JSON.stringify(client)}`);
  return { clientId: client.client_id, clientSecret: client.client_secret };
}

/** The options of Node that `npm start` gives. */
function productionOptions(): string[] {
  const file = new URL('../package.json', import.meta.url);
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

/** Keeps PostgreSQL off the server's core; connections that come later inherit it. */
function pin({ location }: EmbeddedPostgres): void {
  const pid = readFileSync(join(location.clusterFolder, 'postmaster.pid'), 'utf8').split('\n')[0] ?? '';
  const [program, ...rest] = onCore(loadCore, ['true']);
  if (program !== 'taskset') return;
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', pid], { encoding: 'utf8' }).split('\n');
  for (const one of [pid, ...children].map((text) => text.trim()).filter((text) => text !== '')) {
    // A worker may have ended meanwhile; the postmaster has not.
    const { status } = spawnSync(program, ['-cp', rest[1] ?? '', one], { stdio: 'ignore' });
    if (status !== 0 && one === pid) throw new Error('PostgreSQL could not be kept to one core');
  }
}
