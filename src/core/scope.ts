/** The scope names that belong to OpenID Connect; a vocabulary may not define them and nothing grants them. */
export const reservedScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Tells whether a granted scope gives a wanted one, and is the only place that knows what a wildcard means.
 *
 * A concrete `wanted` is matched by the rules for required scopes; `isProtected` says which of them no
 * cross-resource wildcard reaches. A wildcard `wanted` is compared by form alone, never by what exists today.
 * Anything outside the grammar covers nothing and is covered by nothing. */
export function covers(granted: string, wanted: string, isProtected: (scope: string) => boolean): boolean {
  if (isConcreteScope(wanted)) return coversConcrete(granted, wanted, isProtected);
  return isGrantableScope(wanted) && coversWildcard(granted, wanted);
}

/** `wanted` is known to be within the grammar, so whatever part of `granted` equals a part of it is so too. */
function coversConcrete(granted: string, wanted: string, isProtected: (scope: string) => boolean): boolean {
  if (granted === wanted || granted === '*') return true;
  if (granted === '*:*') return !isProtected(wanted);
  // `wanted` has one colon at most, so what ends in `:read` is a resource followed by just that action.
  if (granted.startsWith('*:')) return wanted.endsWith(granted.slice(1)) && !isProtected(wanted);
  // The colon before the star is compared as well, so `posts:*` does not reach `postsx:read`.
  return granted.endsWith(':*') && wanted.startsWith(granted.slice(0, -1));
}

/** `*:*` reaches no protected scope and `r:*` does, therefore the first does not contain the second. */
function coversWildcard(granted: string, wanted: string): boolean {
  if (granted === wanted || granted === '*') return true;
  return granted === '*:*' && wanted.startsWith('*:');
}

/** Tells whether a text is a scope that may be required: one segment, or `resource:action`, without a wildcard. */
export function isConcreteScope(text: string): boolean {
  const colon = text.indexOf(':');
  if (colon < 0) return isSegment(text, 0, text.length);
  return isSegment(text, 0, colon) && isSegment(text, colon + 1, text.length);
}

/** Tells whether a text is a scope that may be granted: a concrete one, or `*`, `*:*`, `resource:*`, `*:action`. */
export function isGrantableScope(text: string): boolean {
  if (text === '*' || text === '*:*') return true;
  if (text.startsWith('*:')) return isSegment(text, 2, text.length);
  if (text.endsWith(':*')) return isSegment(text, 0, text.length - 2);
  return isConcreteScope(text);
}

/** Tells whether a text is a granted scope that stands for several. */
export function isWildcardScope(text: string): boolean {
  return !isConcreteScope(text) && isGrantableScope(text);
}

/** Checks `[a-z0-9][a-z0-9._-]*` by character code: no regular expression, because this runs for every comparison. */
function isSegment(text: string, start: number, end: number): boolean {
  if (start >= end || !isLetterOrDigit(text.charCodeAt(start))) return false;
  for (let index = start + 1; index < end; index += 1) {
    const code = text.charCodeAt(index);
    if (!isLetterOrDigit(code) && code !== dot && code !== dash && code !== underscore) return false;
  }
  return true;
}

const dot = 46;
const dash = 45;
const underscore = 95;

function isLetterOrDigit(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
}
