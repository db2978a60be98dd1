import type { BenchCase, CaseParts } from './cases.ts';
import { rotation } from './fill-database.ts';
import type { LoadRequest } from './load.ts';
import { reportsResource } from './prepare-installation.ts';

const BATCH = 100;
const FORM = 'application/x-www-form-urlencoded';
/** Well within the life of a JWT, a slice included. */
const FRESH_MS = 200_000;
/** JWTs that are fetched at a time. */
const FETCHED_AT_ONCE = 50;

/** What resource servers and clients ask. */
export function protocolCases({ filled, clientId, clientSecret }: CaseParts): readonly BenchCase[] {
  const basic = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
  const form = { Authorization: basic, 'Content-Type': FORM };
  const usual = { target: 'usual', status: 200 } as const;
  const tokenRequest = (body: string): LoadRequest => ({ method: 'POST', path: '/oauth/token', headers: form, body });
  const forJwt = tokenRequest(
    `grant_type=client_credentials&scope=posts:read&resource=${encodeURIComponent(reportsResource)}`,
  );
  return [
    {
      ...usual,
      name: 'verify JWT access token',
      requests: rotatingTokens(forJwt),
      isRight: (_body, headers) => headers.get('X-Auth-Scopes') === 'posts:read',
      against: 'koa',
      goal: 0.4,
    },
    {
      ...usual,
      name: 'api/verify, batches of 100 (per credential)',
      requests: batches(filled.apiKeys).map((keys) => ({
        method: 'POST',
        path: '/api/verify',
        headers: { Authorization: basic, 'Content-Type': 'application/json' },
        body: JSON.stringify(keys.map((credential) => ({ credential, scopes: ['posts:read'] }))),
      })),
      isRight: (body) => body.split('"allowed":true').length === BATCH + 1,
      units: BATCH,
      against: 'koa',
      goal: 1.5,
    },
    {
      ...usual,
      name: 'oauth/introspect',
      requests: filled.apiKeys.map((token) => ({
        method: 'POST',
        path: '/oauth/introspect',
        headers: form,
        body: new URLSearchParams({ token }).toString(),
      })),
      isRight: (body) => body.startsWith('{"active":true'),
      against: 'koa',
      goal: 0.3,
    },
    {
      ...usual,
      name: 'oauth/token, client credentials, opaque',
      requests: [tokenRequest('grant_type=client_credentials&scope=posts:read')],
      isRight: (body) => body.includes('"access_token":"oct_'),
      against: 'oidc-provider, opaque',
      goal: 0.8,
    },
    {
      ...usual,
      name: 'oauth/token, client credentials, ES256 JWT',
      requests: [forJwt],
      isRight: (body) => body.includes('"access_token":"eyJ'),
      against: 'oidc-provider, ES256 JWT',
      goal: 0.8,
    },
  ];
}

function batches(keys: readonly string[]): readonly (readonly string[])[] {
  const count = Math.floor(keys.length / BATCH);
  return Array.from({ length: count }, (_, index) => keys.slice(index * BATCH, (index + 1) * BATCH));
}

function atReports(token: string): LoadRequest {
  const path = `/verify?scope=posts:read&audience=${encodeURIComponent(reportsResource)}`;
  return { method: 'GET', path, headers: { Authorization: `Bearer ${token}` } };
}

/** JWTs live five minutes: they are fetched again in time, and presented once each, so that their signatures are known. */
function rotatingTokens(request: LoadRequest): (url: string) => Promise<readonly LoadRequest[]> {
  let requests: readonly LoadRequest[] = [];
  let fetchedMs = Number.NEGATIVE_INFINITY;
  return async (url) => {
    if (performance.now() - fetchedMs < FRESH_MS) return requests;
    fetchedMs = performance.now();
    requests = (await fetchTokens(url, request)).map(atReports);
    for (let start = 0; start < requests.length; start += FETCHED_AT_ONCE) {
      const some = requests.slice(start, start + FETCHED_AT_ONCE);
      await Promise.all(
        some.map(({ path, headers }) => fetch(url + path, { headers }).then((answer) => answer.text())),
      );
    }
    return requests;
  };
}

async function fetchTokens(url: string, { path, headers, body = '' }: LoadRequest): Promise<readonly string[]> {
  const fetchOne = async (): Promise<string> => {
    const answer = await fetch(url + path, { method: 'POST', headers, body });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`no JWT to measure with: ${answer.status}`);
    return token;
  };
  const tokens: string[] = [];
  while (tokens.length < rotation) {
    tokens.push(...(await Promise.all(Array.from({ length: FETCHED_AT_ONCE }, fetchOne))));
  }
  return tokens;
}
