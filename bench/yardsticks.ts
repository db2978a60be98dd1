import { freePort } from '../test/support/free-port.ts';
import type { LoadRequest } from './load.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';

/** What others do on the same core: a bare answer, and the bare protocol library. */
export interface Yardsticks {
  /** The load of each, by its name; asked of the process that answers it. */
  readonly loads: ReadonlyMap<string, { readonly url: string; readonly requests: readonly LoadRequest[] }>;
  /** The library on a database of its own, for whole flows. */
  startFlows(databaseUrl: string): Promise<PinnedProcess>;
  stop(): Promise<void>;
}

/** The client that the bare library knows. */
export const yardstickClient = { clientId: 'bench', clientSecret: 'bench-secret-of-some-length' };

const PRODUCTION = { NODE_ENV: 'production', NODE_NO_WARNINGS: '1' };

/** Starts those of the cases. */
export async function startYardsticks(): Promise<Yardsticks> {
  const koa = await startPinned(file('bare-koa.ts'), await freePort(), PRODUCTION, '/verify');
  const discovery = '/.well-known/openid-configuration';
  const memory = await startPinned(file('bare-oidc-provider.ts'), await freePort(), PRODUCTION, discovery);
  const running = [koa, memory];
  return {
    async startFlows(databaseUrl) {
      const environment = { ...PRODUCTION, DATABASE_URL: databaseUrl };
      const flows = await startPinned(file('oidc-provider-postgres.ts'), await freePort(), environment, discovery);
      running.push(flows);
      return flows;
    },
    loads: new Map([
      ['koa', { url: koa.url, requests: [{ method: 'GET', path: '/verify', headers: {} }] }],
      ['oidc-provider, opaque', { url: memory.url, requests: [token('https://opaque.example.com')] }],
      ['oidc-provider, ES256 JWT', { url: memory.url, requests: [token('https://jwt.example.com')] }],
    ]),
    stop: async () => {
      await Promise.all(running.map((one) => one.stop()));
    },
  };
}

function token(resource: string): LoadRequest {
  const { clientId, clientSecret } = yardstickClient;
  return {
    method: 'POST',
    path: '/token',
    headers: {
      Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: `grant_type=client_credentials&scope=posts:read&resource=${encodeURIComponent(resource)}`,
  };
}

function file(name: string): string {
  return new URL(`yardsticks/${name}`, import.meta.url).pathname;
}
