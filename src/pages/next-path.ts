/** Reads where to go after sign-in: a path of ours, or `/` for anything that a browser could take for another site. */
export function nextPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > 2000 || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(wanted)) return '/';
  const url = URL.parse(wanted, 'http://here.invalid');
  if (url === null || url.origin !== 'http://here.invalid') return '/';
  const path = url.pathname + url.search;
  // `/.//evil.example` becomes `//evil.example` by then, which is another site.
  return path.startsWith('//') ? '/' : path;
}
