import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { askJson } from './ask.ts';
import type { TestServer } from './start-server.ts';

/** What `client_assertion_type` must say (RFC 7523 section 2.2). */
export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A client that proves itself by signatures. */
export interface SigningClient {
  readonly clientId: string;
  /** Signs a good assertion for the issuer with a fresh `jti`, or one with other claims; undefined leaves a claim out. */
  sign(claims?: JWTPayload): Promise<string>;
}

/** Registers a `private_key_jwt` client with a key of its own through the API. */
export async function registerSigningClient(
  server: Pick<TestServer, 'url' | 'issuer'>,
  token: string,
  scope: string,
): Promise<SigningClient> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const answer = await askJson(server, 'POST', '/api/clients', token, {
    client_name: 'Signing machine',
    grant_types: ['client_credentials'],
    scope,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] },
  });
  const { client_id: clientId } = (answer.json ?? {}) as { client_id?: string };
  if (clientId === undefined) throw new Error(`${answer.status} ${answer.text}`);
  return {
    clientId,
    sign: (claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const good = { iss: clientId, sub: clientId, aud: server.issuer, jti: randomUUID(), iat: now, exp: now + 60 };
      return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey);
    },
  };
}
