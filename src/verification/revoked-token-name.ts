/** The name under which a revoked JWT is remembered until it would have expired. */
export function revokedTokenName(jti: string): string {
  return `revoked\n${jti}`;
}
