/** What a request presented: one credential, none, or something that must be refused with 400 (RFC 6750 section 2, RFC 9700 section 4.3.2). */
export type PresentedCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'credential'; readonly value: string }
  | { readonly kind: 'refused'; readonly message: string };

const NONE: PresentedCredential = { kind: 'none' };
const BEARER = /^bearer +([\x21-\x7e]+) *$/i;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;
const API_KEY_START = /^sk_(?:live|test)_/;
/** By the name that says so, or by a value that is one of ours, whatever it is called. */
const IN_THE_URL = /[?&](?:access_token|api_key)=|=(?:sk_(?:live|test)_|o[acr]t_|\d+(?:\||%7c|\.)lkp_)/i;

/**
 * Reads the one credential of a request from its raw header list (name, value, name, value …) and its URL.
 * The raw list matters: Node joins or drops repeated headers, and a second `Authorization` must be seen to be refused.
 */
export function readPresentedCredential(rawHeaders: readonly string[], url: string): PresentedCredential {
  if (url.includes('=') && IN_THE_URL.test(url)) {
    return { kind: 'refused', message: 'Credentials in the URL are refused. Send them in the Authorization header.' };
  }
  let authorization: string | null = null;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name === undefined || name.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    const value = rawHeaders[index + 1] ?? '';
    if (authorization !== null && authorization !== value) {
      return { kind: 'refused', message: 'Only one credential per request is accepted.' };
    }
    authorization = value;
  }
  return authorization === null ? NONE : parseAuthorization(authorization);
}

/** Reads one `Authorization` value: `Bearer`, or an API key as the user name of `Basic` with an empty password. */
function parseAuthorization(header: string): PresentedCredential {
  const bearer = BEARER.exec(header)?.[1];
  if (bearer !== undefined) return { kind: 'credential', value: bearer };
  const basic = BASIC.exec(header)?.[1];
  if (basic !== undefined) {
    const [user, password] = splitOnce(decodeBase64(basic), ':');
    // Only API keys come this way; anything else in Basic is not a credential of ours, but it was one: 401, not anonymous.
    return { kind: 'credential', value: API_KEY_START.test(user) && password === '' ? user : '' };
  }
  return { kind: 'credential', value: '' };
}

/** `atob` throws on a length that no base64 has; such a value is a bad credential like any other. */
function decodeBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    return '';
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
