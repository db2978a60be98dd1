import type { FieldErrors } from '../core/errors.ts';
import { publicKeyFault } from '../crypto/public-key.ts';
import type { ClientSettings } from './client.ts';

/** Lists what is wrong with a client's settings, by the RFC 7591 name of the field; empty when nothing is. */
export function clientFaults(
  settings: ClientSettings,
  scopeFaults: (entries: readonly string[]) => readonly string[],
): FieldErrors {
  const errors: Record<string, string[]> = {};
  const add = (field: string, sentence: string): void => {
    errors[field] = [...(errors[field] ?? []), sentence];
  };
  const codeGrant = settings.grantTypes.includes('authorization_code');
  for (const sentence of scopeFaults(settings.scopes)) add('scope', sentence);
  if (settings.grantTypes.length === 0) add('grant_types', 'Name at least one grant, such as client_credentials.');
  if (settings.grantTypes.includes('refresh_token') && !codeGrant) {
    add('grant_types', 'The refresh_token grant needs the authorization_code grant.');
  }
  if (settings.grantTypes.includes('client_credentials') && settings.authMethod === 'none') {
    add('grant_types', 'A public client has nothing to prove itself with, so it can not use client_credentials.');
  }
  if (codeGrant && settings.redirectUris.length === 0) {
    add('redirect_uris', 'The authorization_code grant needs at least one redirect URI.');
  }
  for (const uri of settings.redirectUris) {
    const fault = redirectUriFault(uri, settings.applicationType);
    if (fault !== null) add('redirect_uris', `${uri}: ${fault}`);
  }
  for (const uri of settings.postLogoutRedirectUris) {
    const fault = redirectUriFault(uri, settings.applicationType);
    if (fault !== null) add('post_logout_redirect_uris', `${uri}: ${fault}`);
  }
  for (const sentence of keyFaults(settings)) add('jwks', sentence);
  if (settings.resourceServer && settings.authMethod === 'none') {
    add('resource_server', 'A resource server must authenticate, so it can not be a public client.');
  }
  return errors;
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const SCRIPT_SCHEMES: ReadonlySet<string> = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:']);

/** Says why a redirect URI is not acceptable, or null: https, or loopback and own schemes for native clients (RFC 8252, RFC 9700 section 2.6). */
export function redirectUriFault(uri: string, applicationType: 'web' | 'native'): string | null {
  const url = URL.parse(uri);
  if (url === null) return 'must be an absolute URI.';
  if (/[^\x21-\x7e]|[*\\]/.test(uri))
    return 'must be written out in ASCII: no spaces, wildcards or backslashes; percent-encode the rest.';
  if (uri.includes('#')) return 'must not contain a fragment.';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password.';
  if (SCRIPT_SCHEMES.has(url.protocol)) return 'must not use a scheme that runs or reads something locally.';
  // The parser forgives `https:host` and `https:///host`; it is compared literally, so it must be written as it is meant.
  if (/^https?:/i.test(uri) && !/^https?:\/\/[^/]/i.test(uri)) return 'must be written with // and a host.';
  if (url.protocol === 'https:') return url.hostname === '' ? 'must name a host.' : null;
  if (url.protocol === 'http:') {
    if (!LOOPBACK_HOSTS.has(url.hostname)) return 'must use https; http is for loopback addresses of native clients.';
    return applicationType === 'native' ? null : 'is a loopback address: register the client as native.';
  }
  if (applicationType !== 'native') return 'must use https.';
  return url.protocol.includes('.')
    ? null
    : 'a scheme of its own must be a reversed domain name, such as com.example.app.';
}

function keyFaults(settings: ClientSettings): string[] {
  const faults = (settings.jwks?.keys ?? []).flatMap((key) => publicKeyFault(key) ?? []);
  if (settings.jwks !== null && settings.jwksUri !== null) faults.push('Give jwks or jwks_uri, not both.');
  if (settings.authMethod === 'private_key_jwt' && settings.jwksUri === null) {
    if (settings.jwks === null) faults.push('private_key_jwt needs jwks or jwks_uri.');
    else if (settings.jwks.keys.length === 0) faults.push('Give at least one public key.');
  }
  return [...new Set(faults)];
}
