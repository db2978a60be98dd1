/**
 * Writes a request target without scheme and host (RFC 9112 section 3.2.2): libraries would build URLs from what stands
 * there, and only the issuer may be the source of those.
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}
