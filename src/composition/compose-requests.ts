import type { RequestToVerify } from '../core/verification.ts';
import { csrfToken, isCsrfToken } from '../crypto/csrf-token.ts';
import { deriveKeys } from '../crypto/derive-keys.ts';
import { type ClientAddress, clientAddressBehind } from '../http/client-address.ts';
import { crossOrigin } from '../http/cross-origin.ts';
import { header, isFirstPartyOrigin, readFirstPartySession } from '../http/first-party.ts';
import type { Metrics } from '../http/metrics.ts';
import { readCookie } from '../http/read-cookie.ts';
import { xsrfCookie } from '../http/xsrf-cookie.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';
import { verifyRequest } from '../verification/verify-request.ts';
import type { Strangers } from './compose-strangers.ts';
import type { Installation } from './open-installation.ts';

/** How requests are read: who sent them, from where, and whether a page of ours did. */
export interface Requests {
  readonly addressOf: ClientAddress;
  /** The verification that also knows sessions and strangers. */
  readonly verify: VerifyInProcess;
  /** The session cookie at `/verify`, where a proxy says what the original request was. */
  readonly readProxiedSession: (request: RequestToVerify) => string | null;
  readonly crossOrigin: ReturnType<typeof crossOrigin>;
  readonly xsrfCookie: ReturnType<typeof xsrfCookie>;
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Wires the reading of requests. */
export function composeRequests(
  { config, secretKeys }: Installation,
  {
    issuer,
    cookieName,
    verify,
    strangers,
    metrics,
  }: {
    readonly issuer: string;
    readonly cookieName: string;
    readonly verify: VerifyInProcess;
    readonly strangers: Strangers;
    readonly metrics: Pick<Metrics, 'countLimitedStranger'>;
  },
): Requests {
  const csrfKeys = deriveKeys(secretKeys, 'csrf');
  const { statefulDomains, cookieDomain } = config;
  const { addressOf } = strangers;
  const origins = { issuer, statefulDomains };
  const isToken = (presented: string, cookieValue: string): boolean =>
    isCsrfToken(presented, `xsrf:${cookieValue}`, csrfKeys);

  return {
    addressOf,
    verify: verifyRequest({
      verify,
      addressOf,
      readSession: readFirstPartySession({ ...origins, cookieName, isToken }),
      countStranger: strangers.count,
      onLimited: metrics.countLimitedStranger,
    }),
    readProxiedSession: readProxiedSession({ ...origins, cookieName, trusts: proxyTrust(config.trustedProxies) }),
    crossOrigin: crossOrigin(origins),
    xsrfCookie: xsrfCookie({
      issuer,
      cookieName,
      cookieDomain,
      tokenFor: (cookieValue) => csrfToken(`xsrf:${cookieValue}`, csrfKeys),
    }),
  };
}

/** Tells whether the peer of a request is a proxy whose word counts: loopback, or one of the trusted blocks. */
function proxyTrust(trustedProxies: readonly string[]): (request: RequestToVerify) => boolean {
  const resolve = clientAddressBehind([...trustedProxies, '127.0.0.0/8', '::1']);
  // Where the walk goes past the peer, the peer is trusted: the probe behind it is nobody's address.
  const probe = '192.0.2.255';
  return (request) => resolve({ headers: { 'x-forwarded-for': probe }, socket: request.socket }) === probe;
}

/**
 * Builds the reader of the session cookie at `/verify`. It counts only when a proxy names the original method, and for an
 * unsafe one only with an origin of ours, because the proxy can not check the token of a form.
 */
function readProxiedSession(deps: {
  readonly issuer: string;
  readonly statefulDomains: readonly string[];
  readonly cookieName: string;
  readonly trusts: (request: RequestToVerify) => boolean;
}): (request: RequestToVerify) => string | null {
  return (request) => {
    const value = readCookie(header(request, 'cookie'), deps.cookieName);
    if (value === null || !deps.trusts(request)) return null;
    // A proxy that sets one of the two may pass on the other as the caller sent it: the more dangerous one counts.
    const methods = [header(request, 'x-forwarded-method'), header(request, 'x-original-method')].filter(Boolean);
    if (methods.length === 0) return null;
    const origin = header(request, 'origin');
    if (origin !== '') return isFirstPartyOrigin(deps, origin) ? value : null;
    return methods.every((method) => SAFE.has(method.toUpperCase())) && !isFetchOfAnotherSite(request) ? value : null;
  };
}

/** A link from another site may lead here, but no program of that site may read what is behind it. */
function isFetchOfAnotherSite(request: RequestToVerify): boolean {
  return header(request, 'sec-fetch-site') === 'cross-site' && header(request, 'sec-fetch-mode') !== 'navigate';
}
