import { generateApiKey } from '../src/credentials/token-format.ts';
import type { Filled } from './fill-database.ts';
import type { LoadRequest } from './run-wrk.ts';

/** What a case is measured against. */
export type Yardstick = 'koa' | 'oidc-provider';

/** One thing to measure: requests in rotation, and how a right answer looks. */
export interface BenchCase {
  readonly name: string;
  readonly requests: readonly LoadRequest[];
  /** Status of every answer. */
  readonly status: number;
  /** Tells whether the body of an answer is right; asked of the first request of the rotation and the last. */
  readonly isRight: (body: string, headers: Headers) => boolean;
  /** What the requests per second are multiplied by: a batch of 100 is 100 verifications. */
  readonly units?: number;
  readonly against: Yardstick;
  /** The least ratio that is aimed at. */
  readonly goal: number;
}

/** What the cases are made of. */
export interface CaseParts {
  readonly filled: Filled;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly cookieName: string;
}

const VERIFY = '/verify?scope=posts:read';
const BATCH = 100;

function bearer(token: string): LoadRequest {
  return { method: 'GET', path: VERIFY, headers: { Authorization: `Bearer ${token}` } };
}

/** Lists what is measured; the goals are those of the product. */
export function benchCases({ filled, clientId, clientSecret, cookieName }: CaseParts): readonly BenchCase[] {
  const basic = `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
  const form = { Authorization: basic, 'Content-Type': 'application/x-www-form-urlencoded' };
  const forged = Array.from({ length: filled.apiKeys.length }, () => generateApiKey('live').text);
  const hot = filled.apiKeys[0] ?? '';
  const isAllowed = (_body: string, headers: Headers): boolean =>
    headers.get('X-Auth-Scopes')?.includes('posts:read') === true;
  const isRefused = (body: string): boolean => body === '{"message":"Unauthenticated."}';
  const ok = { status: 200, isRight: isAllowed, against: 'koa' } as const;
  return [
    { name: 'verify API key', requests: filled.apiKeys.map(bearer), ...ok, goal: 0.45 },
    { name: 'verify personal access token', requests: filled.personalAccessTokens.map(bearer), ...ok, goal: 0.4 },
    { name: 'verify opaque OAuth token', requests: filled.clientTokens.map(bearer), ...ok, goal: 0.4 },
    {
      name: 'verify session',
      requests: filled.sessions.map((value) => ({
        method: 'GET',
        path: VERIFY,
        headers: { Cookie: `${cookieName}=${value}`, 'X-Forwarded-Method': 'GET' },
      })),
      ...ok,
      goal: 0.4,
    },
    {
      name: 'verify without a credential',
      requests: [{ method: 'GET', path: VERIFY, headers: {} }],
      status: 401,
      isRight: isRefused,
      against: 'koa',
      goal: 0.8,
    },
    {
      name: 'verify a malformed key',
      requests: [bearer('sk_live_00000000000000000000000000000000')],
      status: 401,
      isRight: isRefused,
      against: 'koa',
      goal: 0.8,
    },
    {
      name: 'verify forged keys',
      requests: forged.map(bearer),
      status: 401,
      isRight: isRefused,
      against: 'koa',
      goal: 0.45,
    },
    {
      name: 'verify a hot key (90 %)',
      requests: filled.apiKeys.slice(0, 1000).map((key, index) => bearer(index % 10 === 0 ? key : hot)),
      ...ok,
      goal: 0.3,
    },
    {
      name: 'api/verify, batches of 100 (per credential)',
      requests: batches(filled.apiKeys).map((keys) => ({
        method: 'POST',
        path: '/api/verify',
        headers: { Authorization: basic, 'Content-Type': 'application/json' },
        body: JSON.stringify(keys.map((credential) => ({ credential, scopes: ['posts:read'] }))),
      })),
      status: 200,
      isRight: (body) => body.startsWith('[{"allowed":true') && !body.includes('"allowed":false'),
      units: BATCH,
      against: 'koa',
      goal: 1.5,
    },
    {
      name: 'oauth/introspect',
      requests: filled.apiKeys.map((token) => ({
        method: 'POST',
        path: '/oauth/introspect',
        headers: form,
        body: new URLSearchParams({ token }).toString(),
      })),
      status: 200,
      isRight: (body) => body.startsWith('{"active":true'),
      against: 'koa',
      goal: 0.3,
    },
    {
      name: 'oauth/token, client credentials, opaque',
      requests: [
        { method: 'POST', path: '/oauth/token', headers: form, body: 'grant_type=client_credentials&scope=posts:read' },
      ],
      status: 200,
      isRight: (body) => body.includes('"access_token":"oct_'),
      against: 'oidc-provider',
      goal: 0.8,
    },
  ];
}

function batches(keys: readonly string[]): readonly (readonly string[])[] {
  const count = Math.floor(keys.length / BATCH);
  return Array.from({ length: count }, (_, index) => keys.slice(index * BATCH, (index + 1) * BATCH));
}

/** The same load for the yardsticks. */
export const yardstickRequests: Readonly<Record<Yardstick, LoadRequest>> = {
  koa: { method: 'GET', path: '/verify', headers: {} },
  'oidc-provider': {
    method: 'POST',
    path: '/token',
    headers: {
      Authorization: `Basic ${btoa('bench:bench-secret-of-some-length')}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials&scope=posts:read',
  },
};
