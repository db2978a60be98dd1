import { z } from 'zod';
import type { Client, ClientSettings, IssuedClientSecret } from '../clients/client.ts';
import { readableText } from './readable-text.ts';

const name = readableText.min(1);

const uris = z.array(z.string().min(1).max(2000)).max(50);
const webAddress = (protocol: RegExp): z.ZodURL =>
  z
    .url({ protocol })
    .max(2000)
    .regex(/^[\x21-\x7e]*$/, 'Must be written in ASCII; percent-encode the rest');
/** Members of a JWK (RFC 7517) are texts, certificates and operations lists of texts; nothing else is kept. */
const jwkText = z
  .string()
  .max(8192)
  .regex(/^[\x20-\x7e]*$/, 'Must be plain text');
const jwks = z.strictObject({
  keys: z
    .array(z.record(z.string().regex(/^[\x21-\x7e]{1,100}$/), z.union([jwkText, z.array(jwkText).max(20)])))
    .min(1)
    .max(20),
});

/** Body of `POST /api/clients`; members named as RFC 7591, `first_party` and `resource_server` ours. */
export const newClientBody = z.strictObject({
  client_name: name,
  workspace_id: z.number().int().positive().optional(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
    .max(3)
    .default(['authorization_code']),
  redirect_uris: uris.default([]),
  post_logout_redirect_uris: uris.default([]),
  scope: z.string().max(20_000).default(''),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional(),
  application_type: z.enum(['web', 'native']).optional(),
  jwks: jwks.optional(),
  jwks_uri: webAddress(/^https$/).optional(),
  client_uri: webAddress(/^https?$/).optional(),
  first_party: z.boolean().default(false),
  resource_server: z.boolean().default(false),
});

/** Body of `PATCH /api/clients/{client_id}`; what is absent stays. The client's type can not change. */
export const changedClientBody = z
  .strictObject({
    client_name: name,
    grant_types: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])).max(3),
    redirect_uris: uris,
    post_logout_redirect_uris: uris,
    scope: z.string().max(20_000),
    jwks: jwks.nullable(),
    jwks_uri: webAddress(/^https$/).nullable(),
    client_uri: webAddress(/^https?$/).nullable(),
    first_party: z.boolean(),
    resource_server: z.boolean(),
  })
  .partial();

/** Body of `POST /api/clients/{client_id}/secrets`. */
export const newSecretBody = z.strictObject({ expires_at: z.iso.datetime({ offset: true }).optional() });

/** A client as the API shows it. */
export const clientAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  workspace_id: z.number().int(),
  grant_types: z.array(z.string()),
  redirect_uris: z.array(z.string()),
  post_logout_redirect_uris: z.array(z.string()),
  scope: z.string(),
  token_endpoint_auth_method: z.string(),
  application_type: z.string(),
  jwks: z.unknown().nullable(),
  jwks_uri: z.string().nullable(),
  client_uri: z.string().nullable(),
  first_party: z.boolean(),
  resource_server: z.boolean(),
  created_by: z.number().int().nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  last_used_at: z.iso.datetime().nullable(),
  secrets: z.array(
    z.object({
      id: z.number().int(),
      hint: z.string(),
      created_at: z.iso.datetime(),
      expires_at: z.iso.datetime().nullable(),
      last_used_at: z.iso.datetime().nullable(),
    }),
  ),
});

/** A new client, with its secret this once. */
export const issuedClientAnswer = clientAnswer.extend({ client_secret: z.string().optional() });

/** A new secret, shown this once. */
export const issuedSecretAnswer = z.object({
  id: z.number().int(),
  client_secret: z.string(),
  expires_at: z.iso.datetime().nullable(),
});

/** Reads the settings out of a body; a client whose redirect URIs are loopback addresses is native unless it says otherwise. */
export function settingsOf(body: z.output<typeof newClientBody>): ClientSettings {
  const codeGrant = body.grant_types.includes('authorization_code');
  return {
    clientName: body.client_name,
    scopes: scopeList(body.scope),
    // A client of the code grant may refresh, whether or not it says so.
    grantTypes: codeGrant ? [...new Set([...body.grant_types, 'refresh_token' as const])] : body.grant_types,
    redirectUris: body.redirect_uris,
    postLogoutRedirectUris: body.post_logout_redirect_uris,
    authMethod:
      body.token_endpoint_auth_method ?? (body.jwks || body.jwks_uri ? 'private_key_jwt' : 'client_secret_basic'),
    applicationType: body.application_type ?? (body.redirect_uris.some(isLoopback) ? 'native' : 'web'),
    jwks: body.jwks ?? null,
    jwksUri: body.jwks_uri ?? null,
    clientUri: body.client_uri ?? null,
    firstParty: body.first_party,
    resourceServer: body.resource_server,
  };
}

function isLoopback(uri: string): boolean {
  const url = URL.parse(uri);
  return url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

/** Splits a `scope` member (RFC 6749 section 3.3) into its entries, each once. */
export function scopeList(scope: string): readonly string[] {
  return [...new Set(scope.split(' ').filter((entry) => entry !== ''))];
}

/** Presents a client; nothing but these fields leaves the server. */
export function presentClient(client: Client): z.input<typeof clientAnswer> {
  return {
    client_id: client.clientId,
    client_name: client.clientName,
    workspace_id: client.workspaceId,
    grant_types: [...client.grantTypes],
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    scope: client.scopes.join(' '),
    token_endpoint_auth_method: client.authMethod,
    application_type: client.applicationType,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    client_uri: client.clientUri,
    first_party: client.firstParty,
    resource_server: client.resourceServer,
    created_by: client.createdBy,
    created_at: client.createdAt.toISOString(),
    updated_at: client.updatedAt.toISOString(),
    last_used_at: client.lastUsedAt?.toISOString() ?? null,
    secrets: client.secrets.map((secret) => ({
      id: secret.id,
      hint: secret.hint,
      created_at: secret.createdAt.toISOString(),
      expires_at: secret.expiresAt?.toISOString() ?? null,
      last_used_at: secret.lastUsedAt?.toISOString() ?? null,
    })),
  };
}

/** Presents a new secret. */
export function presentSecret(secret: IssuedClientSecret): z.input<typeof issuedSecretAnswer> {
  return {
    id: secret.id,
    client_secret: secret.clientSecret,
    expires_at: secret.expiresAt?.toISOString() ?? null,
  };
}
