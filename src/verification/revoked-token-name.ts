/** The name under which a revoked JWT is remembered until it would have expired. */
export function revokedTokenName(jti: string): string {
  return `revoked\n${jti}`;
}

/** The name under which an ended family of tokens is remembered until the last of its JWTs has expired. */
export function endedFamilyName(family: string): string {
  return `ended family\n${family}`;
}
