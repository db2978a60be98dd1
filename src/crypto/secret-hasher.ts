import { hash as digest } from 'node:crypto';
import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import { type ConcurrencyLimits, concurrencyGate } from './concurrency-gate.ts';

/** bcrypt reads this many bytes and silently ignores the rest. */
const bcryptMaximumBytes = 72;

/** Cost of a password's hash: 2^12 rounds, about a fifth of a second. */
export const passwordCost = 12;

/** Cost of an API key's hash; the key is random, so it needs no more. */
export const keyCost = 10;

/**
 * At most one hash a core, and never all four threads of libuv, which files and name resolution share.
 * Two seconds is the longest that a caller waits before it is told to come back.
 */
const defaultLimits: ConcurrencyLimits = {
  concurrency: Math.min(availableParallelism(), 3),
  queueLimit: 100,
  queueTimeoutMs: 2000,
};

/** Slow hashes of passwords and API keys; each function throws DependencyDown (503) when too many wait already. */
export interface SecretHasher {
  /** Hashes a password of any length: bcrypt over base64(SHA-384(password)), so that every byte counts. */
  hashPassword(password: string): Promise<string>;
  /** Tells whether the password belongs to the hash; null (no such user) costs the same and is false. */
  verifyPassword(password: string, passwordHash: string | null): Promise<boolean>;
  /** Hashes an API key with bcrypt itself; throws a RangeError above 72 bytes rather than dropping the end. */
  hashKey(key: string): Promise<string>;
  /** Tells whether the API key belongs to the hash; a key above 72 bytes and a malformed hash never do. */
  verifyKey(key: string, keyHash: string): Promise<boolean>;
}

/** A hash at the password cost of 32 random bytes that nobody kept: what a password is held against when there is no user. */
const hashOfNobody = '$2b$12$2QXAfWgKb3NrUhdUVAMYBOJNNpswobRFBd9J7I6ivjtb0nX7i4ivK';

/** Makes the one hasher of a process; all four functions share one gate, so a flood of sign-ins can not take every thread. */
export function secretHasher(limits: ConcurrencyLimits = defaultLimits): SecretHasher {
  const gate = concurrencyGate('password hashing', limits);
  return {
    hashPassword: (password) => gate(() => bcrypt.hash(condense(password), passwordCost)),
    verifyPassword: async (password, passwordHash) => {
      const matches = await gate(() => bcrypt.compare(condense(password), passwordHash ?? hashOfNobody));
      return matches && passwordHash !== null;
    },
    hashKey: async (key) => {
      if (Buffer.byteLength(key) > bcryptMaximumBytes) throw new RangeError('An API key has at most 72 bytes.');
      return gate(() => bcrypt.hash(key, keyCost));
    },
    verifyKey: async (key, keyHash) => {
      if (Buffer.byteLength(key) > bcryptMaximumBytes) return false;
      return gate(() => bcrypt.compare(key, keyHash));
    },
  };
}

/** Tells whether a password's hash is weaker than today's and should be written anew at the next sign-in. */
export function needsRehash(passwordHash: string): boolean {
  const cost = /^\$2[aby]\$(\d\d)\$/.exec(passwordHash)?.[1];
  return cost === undefined || Number(cost) < passwordCost;
}

/** Brings a password to 64 characters without a NUL byte, which bcrypt would take for the end. */
function condense(password: string): string {
  return digest('sha384', password, 'base64');
}
