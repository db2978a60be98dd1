const DAY = 86_400;

/** A refresh token may be renewed by use for so long in all; seconds. */
export const refreshFamilySeconds = 180 * DAY;

/** Lifetimes in seconds; each is explicit so that no default of the library decides. */
export const lifetimes = {
  AccessToken: 3600,
  AuthorizationCode: 60,
  ClientCredentials: 3600,
  /** Longer than any family of refresh tokens that may begin under it; renewed when it is used again. */
  Grant: 365 * DAY,
  IdToken: 3600,
  Interaction: 3600,
  RefreshToken: 30 * DAY,
  Session: 30 * DAY,
} as const;

/** Life of the next refresh token of a family that began at `familyBegan` (epoch seconds); seconds, at least 1. */
export function refreshTokenSeconds(familyBegan: number | undefined, nowSeconds: number): number {
  const left = (familyBegan ?? nowSeconds) + refreshFamilySeconds - nowSeconds;
  return Math.max(1, Math.min(lifetimes.RefreshToken, left));
}
