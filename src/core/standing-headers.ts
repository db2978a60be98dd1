import type { RateLimitState, Verification } from './verification.ts';

/** Headers that every answer to a good credential carries: where its rate limit stands, and when a replaced key stops working (RFC 8594). Name, value, name, value … */
export function standingHeaders({ rateLimit, sunset }: Pick<Verification, 'rateLimit' | 'sunset'>): string[] {
  const headers = rateLimit === null ? [] : rateLimitHeaders(rateLimit);
  if (sunset !== null) headers.push('Sunset', sunset.toUTCString());
  return headers;
}

/** Numbers of a fixed window, in the customary form and in that of the IETF draft; unlimited tiers have none. */
function rateLimitHeaders({
  tier,
  limit,
  remaining,
  resetSeconds,
  windowSeconds,
  nowSeconds,
}: RateLimitState): string[] {
  if (limit === null || remaining === null) return [];
  const policy = `"${tier}"`;
  return [
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(remaining),
    'X-RateLimit-Reset',
    String(resetSeconds),
    'RateLimit-Policy',
    // Whoever learned of the window across the network does not know how long it is.
    `${policy};q=${limit}${windowSeconds > 0 ? `;w=${windowSeconds}` : ''}`,
    'RateLimit',
    `${policy};r=${remaining};t=${Math.max(0, resetSeconds - nowSeconds)}`,
  ];
}
