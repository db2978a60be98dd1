import type { ConfigurationFault } from '../core/errors.ts';

/** Variables of the command line, which are not the server's but live in the same environment. */
const commandLineVariables = new Set(['LATCHKEY_URL', 'LATCHKEY_TOKEN']);

/** Names from elsewhere that people reach for. */
const otherNames = new Map([
  ['TOKEN_EXPIRY', 'TOKEN_EXPIRATION'],
  ['TOKEN_EXPIRES', 'TOKEN_EXPIRATION'],
  ['TOKEN_EXPIRES_IN', 'TOKEN_EXPIRATION'],
  ['TOKEN_LIFETIME', 'TOKEN_EXPIRATION'],
  ['COOKIE_KEY', 'SECRET_KEYS'],
  ['COOKIE_KEYS', 'SECRET_KEYS'],
  ['COOKIE_SECRET', 'SECRET_KEYS'],
  ['ISSUER_URL', 'ISSUER'],
  ['TRUST_PROXY', 'TRUSTED_PROXIES'],
  ['STATEFUL_ORIGINS', 'STATEFUL_DOMAINS'],
]);

/** Names shorter than this resemble too much that belongs to other programs. */
const shortestComparedName = 6;

/** Finds variables that look as if they were meant for this server and are not: a mistyped name must not be a silent default. */
export function unknownVariables(names: readonly string[], known: readonly string[]): ConfigurationFault[] {
  return names.flatMap((name) => {
    if (known.includes(name) || commandLineVariables.has(name)) return [];
    const bare = name.toUpperCase().replace(/^LATCHKEY_/, '');
    const meant = known.find((candidate) => candidate === bare) ?? otherNames.get(bare) ?? nearest(bare, known);
    if (meant === undefined && !name.startsWith('LATCHKEY_')) return [];
    return {
      code: 'UNKNOWN_VARIABLE',
      message: `${name} is not a variable of this server.`,
      fix: meant === undefined ? 'Remove it.' : `Did you mean ${meant}?`,
    };
  });
}

function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length < shortestComparedName) return undefined;
  return known.find(
    (candidate) =>
      candidate.length >= shortestComparedName &&
      (reduce(candidate) === reduce(name) || isOneSlipAway(candidate, name)),
  );
}

/** A name without its underscores and its plural. */
function reduce(name: string): string {
  return name
    .replaceAll(/[^A-Z0-9]/g, '')
    .replace(/IES$|YS$|Y$/, 'I')
    .replace(/S$/, '');
}

/** Tells whether one character was left out, added, mistaken, or swapped with its neighbour. */
function isOneSlipAway(left: string, right: string): boolean {
  const [short, long] = left.length <= right.length ? [left, right] : [right, left];
  if (long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start += 1;
  if (long.length > short.length) return short.slice(start) === long.slice(start + 1);
  const mistaken = short.slice(start + 1) === long.slice(start + 1);
  const swapped =
    short[start] === long[start + 1] &&
    short[start + 1] === long[start] &&
    short.slice(start + 2) === long.slice(start + 2);
  return mistaken || swapped;
}
