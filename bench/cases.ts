import { generateApiKey } from '../src/credentials/token-format.ts';
import type { Filled } from './fill-database.ts';
import type { LoadRequest } from './load.ts';
import { protocolCases } from './protocol-cases.ts';

/** Which server a case is asked of: that of the usual number of credentials, of a thousand, or of a million. */
export type Target = 'usual' | 'small' | 'large';

/** One thing to measure: requests in rotation, and how a right answer looks. */
export interface BenchCase {
  readonly name: string;
  readonly target: Target;
  /** The requests; a function where they get too old, asked before every repetition. */
  readonly requests: readonly LoadRequest[] | ((url: string) => Promise<readonly LoadRequest[]>);
  /** Status of every answer. */
  readonly status: number;
  /** Tells whether the body of an answer is right; asked of the first request of the rotation and the last. */
  readonly isRight: (body: string, headers: Headers) => boolean;
  /** What the requests per second are multiplied by: a batch of 100 is 100 verifications. */
  readonly units?: number;
  /** The yardstick, or the name of another case, that it is measured against in the same round. */
  readonly against: string;
  /** The least ratio that is aimed at; null for a case that others are measured against. */
  readonly goal: number | null;
}

/** What the cases are made of. */
export interface CaseParts {
  readonly filled: Filled;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly cookieName: string;
  /** Keys of the installations with a thousand and with very many credentials; null where they are not measured. */
  readonly sizes: {
    readonly small: readonly string[];
    readonly large: readonly string[];
    readonly words: string;
  } | null;
}

const VERIFY = '/verify?scope=posts:read';

/** A question of a reverse proxy about a bearer credential. */
export function bearer(token: string): LoadRequest {
  return { method: 'GET', path: VERIFY, headers: { Authorization: `Bearer ${token}` } };
}

const isAllowed = (_body: string, headers: Headers): boolean =>
  headers.get('X-Auth-Scopes')?.includes('posts:read') === true;
const isRefused = (body: string): boolean => body === '{"message":"Unauthenticated."}';
const usual = { target: 'usual', against: 'koa' } as const;
const allowed = { ...usual, status: 200, isRight: isAllowed } as const;
const refused = { ...usual, status: 401, isRight: isRefused } as const;

/** Lists what is measured; the goals are those of the product. */
export function benchCases(parts: CaseParts): readonly BenchCase[] {
  return [...verifyCases(parts), ...sizeCases(parts), ...protocolCases(parts)];
}

function verifyCases({ filled, cookieName }: CaseParts): readonly BenchCase[] {
  const { apiKeys } = filled;
  const hot = apiKeys[0] ?? '';
  const hotTenth = apiKeys.map((key, index) => bearer(index % 10 === 0 ? key : hot));
  return [
    { name: 'verify API key', requests: apiKeys.map(bearer), ...allowed, goal: 0.45 },
    { name: 'verify personal access token', requests: filled.personalAccessTokens.map(bearer), ...allowed, goal: 0.4 },
    { name: 'verify opaque OAuth token', requests: filled.clientTokens.map(bearer), ...allowed, goal: 0.4 },
    {
      name: 'verify session',
      requests: filled.sessions.map((value) => ({
        method: 'GET',
        path: VERIFY,
        headers: { Cookie: `${cookieName}=${value}`, 'X-Forwarded-Method': 'GET' },
      })),
      ...allowed,
      goal: 0.4,
    },
    {
      name: 'verify without a credential',
      requests: [{ method: 'GET', path: VERIFY, headers: {} }],
      ...refused,
      goal: 0.8,
    },
    {
      name: 'verify a malformed key',
      requests: [bearer('sk_live_00000000000000000000000000000000')],
      ...refused,
      goal: 0.8,
    },
    {
      name: 'verify forged keys',
      requests: apiKeys.map(() => bearer(generateApiKey('live').text)),
      ...refused,
      goal: 0.45,
    },
    { name: 'verify a hot key (90 %)', requests: hotTenth, ...allowed, against: 'verify API key', goal: 0.7 },
  ];
}

/** The same question where there are few credentials and where there are very many. */
function sizeCases({ sizes }: CaseParts): readonly BenchCase[] {
  if (sizes === null) return [];
  const few = 'verify API key, of 1,000';
  return [
    { ...allowed, name: few, target: 'small', requests: sizes.small.map(bearer), goal: null },
    {
      ...allowed,
      name: `verify API key, of ${sizes.words}`,
      target: 'large',
      requests: sizes.large.map(bearer),
      against: few,
      goal: 0.9,
    },
  ];
}
