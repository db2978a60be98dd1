import type { Principal } from './principal.ts';

/** The identity headers of a 200 answer, always in this order, empty when they have no value. */
export function principalHeaders(principal: Principal): string[] {
  const { subject, credential } = principal;
  return [
    'X-Auth-Subject-Type',
    subject.type,
    'X-Auth-Subject',
    headerValue(String(subject.id)),
    'X-Auth-Credential-Type',
    credential.type,
    'X-Auth-Credential-Id',
    headerValue(String(credential.id)),
    'X-Auth-Workspace',
    principal.workspaceId === null ? '' : String(principal.workspaceId),
    'X-Auth-Client',
    principal.clientId === null ? '' : headerValue(principal.clientId),
    'X-Auth-Environment',
    credential.environment ?? '',
    'X-Auth-Scopes',
    principal.scopes.join(' '),
  ];
}

const PLAIN = /^[\x20-\x24\x26-\x7e]*$/;

/** Percent-encodes the bytes outside 0x20–0x7E and `%`, because Node throws on header values beyond Latin-1. */
export function headerValue(text: string): string {
  if (PLAIN.test(text)) return text;
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) {
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte);
  }
  return encoded;
}
