import type { AuditFields } from './audit-event.ts';

/** What stands in the place of something that may be a secret. */
export const removed = '[removed]';

/** Names of members whose value may be a secret, however they are written. */
const SECRET_NAME =
  /secret|passw|passphrase|token|hash|digest|proof|pepper|cookie|credential|assertion|authorization|verifier|private|csrf|(?:^|_)(?:keys?|jwks?|codes?|nonce|otp|pin)(?:_|$)/i;

/** Members that are called like one and are none. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(['jwks_uri', 'token_endpoint_auth_method']);

/** Credentials of ours by their form, also inside a longer text, also cut short; JWTs and bcrypt hashes. */
const CREDENTIAL =
  /(?:\d+[|.])?lkp_[0-9A-Za-z]+|sk_(?:live|test)_[0-9A-Za-z]+|o(?:at|ct|rt|cs)_[0-9A-Za-z_-]+|eyJ[\w-]{8,}\.[\w-]*\.?[\w-]*|\$2[abxy]\$\d\d\$\S*/g;
/** Values of cookies, links, codes and pepper-hashed secrets: long, and without a space. */
const LONG_VALUE = /(?<![\w-])[\w-]{40,}(?![\w-])/g;

const LONGEST_TEXT = 2000;
const LONGEST_LIST = 200;
const DEEPEST = 5;

/** Gives the fields back without anything that is, or looks like, a secret; the guard before every write. */
export function withoutSecrets(fields: AuditFields): AuditFields {
  return guardObject(fields, 0);
}

/** Removes what looks like a credential from an identifier, and what a text column can not hold. */
export function safeIdentifier(id: string): string {
  return storable(id.replace(CREDENTIAL, removed)).slice(0, 300);
}

/** Keeps the fields that differ; null on a side that has nothing to say. */
export function changedFields(
  before: AuditFields | null,
  after: AuditFields | null,
): { readonly before: AuditFields | null; readonly after: AuditFields | null } {
  if (before === null || after === null) return { before, after };
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return { before: pick(before, names), after: pick(after, names) };
}

function pick(fields: AuditFields, names: readonly string[]): AuditFields {
  return Object.fromEntries(names.flatMap((name) => (name in fields ? [[name, fields[name]]] : [])));
}

function guardObject(fields: object, depth: number): AuditFields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const harmless = typeof value === 'boolean' || value === null || HARMLESS_NAMES.has(name);
        const guarded = !harmless && SECRET_NAME.test(name) ? removed : guardValue(value, depth + 1);
        return [guardText(name), guarded];
      }),
  );
}

function guardValue(value: unknown, depth: number): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return guardText(value);
  if (value instanceof Date) return value.toISOString();
  if (depth > DEEPEST || typeof value !== 'object' || value instanceof Uint8Array) return removed;
  if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map((one) => guardValue(one, depth + 1));
  return guardObject(value, depth);
}

function guardText(text: string): string {
  return storable(text.replace(CREDENTIAL, removed).replace(LONG_VALUE, removed)).slice(0, LONGEST_TEXT);
}

/** PostgreSQL has neither NUL nor halves of characters. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
