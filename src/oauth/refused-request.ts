/** Members that prove who asks; they belong in the body or the `Authorization` header. */
const SECRET_MEMBERS = [
  'client_secret',
  'client_assertion',
  'access_token',
  'refresh_token',
  'code_verifier',
  'password',
];

/**
 * Says why a request for a protocol endpoint must not reach the library, or null: it carries a secret in its URL
 * (RFC 6749 section 2.3.1, RFC 9700 section 4.3.2), or two different `Authorization` headers, of which Node keeps one.
 */
export function refusedRequest(rawHeaders: readonly string[], query: string): string | null {
  if (query !== '') {
    const members = new URLSearchParams(query);
    if (SECRET_MEMBERS.some((name) => members.has(name))) {
      return 'secrets in the URL are refused; send them in the body or the Authorization header';
    }
  }
  const values = rawHeaders.filter(
    (_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  );
  return new Set(values).size > 1 ? 'only one Authorization header is accepted' : null;
}
