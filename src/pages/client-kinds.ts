import { z } from 'zod';

/** The part of a client that pages use. */
export const clientAnswer = z.object({
  client_id: z.string(),
  client_name: z.string(),
  workspace_id: z.number(),
  grant_types: z.array(z.string()),
  redirect_uris: z.array(z.string()),
  post_logout_redirect_uris: z.array(z.string()),
  scope: z.string(),
  token_endpoint_auth_method: z.string(),
  application_type: z.string(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).nullable(),
  jwks_uri: z.string().nullable(),
  client_uri: z.string().nullable(),
  first_party: z.boolean(),
  resource_server: z.boolean(),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
  secrets: z.array(
    z.object({
      id: z.number(),
      hint: z.string(),
      created_at: z.string(),
      expires_at: z.string().nullable(),
      last_used_at: z.string().nullable(),
    }),
  ),
});

/** A client as the API tells it. */
export type ShownClient = z.output<typeof clientAnswer>;

/** What a developer chooses first, because everything else follows from it. */
export interface ClientKind {
  readonly key: 'web' | 'public' | 'machine';
  readonly title: string;
  readonly sentence: string;
  readonly example: string;
}

const WEB: ClientKind = {
  key: 'web',
  title: 'Web app with a server',
  sentence: 'Signs people in, and has a server of its own where a secret stays one.',
  example: 'A shop, a dashboard, anything rendered or proxied by your own backend.',
};
const PUBLIC: ClientKind = {
  key: 'public',
  title: 'Single-page or mobile app',
  sentence: 'Signs people in, and runs in their browser or on their device, where nothing can be kept secret.',
  example: 'A JavaScript app without a backend, a phone or desktop app, a command line.',
};
const MACHINE: ClientKind = {
  key: 'machine',
  title: 'Machine to machine',
  sentence: 'Acts for itself, with nobody in front of it.',
  example: 'A nightly job, a webhook sender, one service that calls another.',
};

/** The three kinds of clients, the most usual one first. */
export const clientKinds: readonly ClientKind[] = [WEB, PUBLIC, MACHINE];

/** Tells which kind a client is of. */
export function kindOf(client: Pick<ShownClient, 'grant_types' | 'token_endpoint_auth_method'>): ClientKind {
  if (!client.grant_types.includes('authorization_code')) return MACHINE;
  return client.token_endpoint_auth_method === 'none' ? PUBLIC : WEB;
}

/** Tells whether a client proves itself by a secret. */
export function hasSecrets(client: Pick<ShownClient, 'token_endpoint_auth_method'>): boolean {
  return client.token_endpoint_auth_method.startsWith('client_secret_');
}

const PROOFS: ReadonlyMap<string, string> = new Map([
  ['client_secret_basic', 'a secret, in the Authorization header'],
  ['client_secret_post', 'a secret, in the body of the request'],
  ['private_key_jwt', 'a signature by its own private key'],
  ['none', 'nothing: PKCE ties each sign-in to the app that began it'],
]);

/** Says how a client proves who it is. */
export function proofInWords(client: Pick<ShownClient, 'token_endpoint_auth_method'>): string {
  return PROOFS.get(client.token_endpoint_auth_method) ?? client.token_endpoint_auth_method;
}
