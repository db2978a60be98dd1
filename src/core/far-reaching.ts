/**
 * Tells whether somebody who is granted one of these entries could take over the server: `*`, or anything of the
 * resource `admin`. A person in a session grants them only with a password given lately.
 */
export function isFarReaching(entries: readonly string[]): boolean {
  return entries.some((entry) => entry === '*' || entry === 'admin' || entry.startsWith('admin:'));
}
