import type { IncomingMessage } from 'node:http';
import type { Provider } from 'oidc-provider';
import { type PresentedSecret, readBasicSecret } from './authenticate-client.ts';
import type { PostedForm } from './posted-form.ts';
import type { FailedStep } from './request-session.ts';
import type { ResourceServerInfo } from './resource-server-info.ts';

/** What issuing tokens to clients that act for themselves needs. */
export interface IssueClientTokenDeps {
  /** The provider of this moment; another one after the signing keys were rotated. */
  readonly current: () => Provider;
  readonly issuer: string;
  readonly offer: ResourceServerInfo;
}

/** A token, a step that failed and need not be tried again, or whatever the library says. */
export type ClientTokenOutcome =
  | { readonly kind: 'answer'; readonly body: object }
  | { readonly kind: 'failed'; readonly step: FailedStep }
  | { readonly kind: 'library' };

type Client = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;
type ResourceInstance = InstanceType<Provider['ResourceServer']>;

const LIBRARY: ClientTokenOutcome = { kind: 'library' };

/**
 * Builds the issuing of tokens by client credentials (RFC 6749 section 4.4) around the library's middleware: its client,
 * its token, its storage and its signature, in the order of its own handler. What it might refuse is left to it.
 */
export function issueClientToken(
  deps: IssueClientTokenDeps,
): (request: Pick<IncomingMessage, 'headers'>, form: PostedForm) => Promise<ClientTokenOutcome> {
  return async ({ headers }, form) => {
    const presented = usualSecret(headers, form);
    if (presented === null) return LIBRARY;
    const provider = deps.current();
    let client: Client | undefined;
    try {
      client = await provider.Client.find(presented.clientId);
    } catch (error) {
      return { kind: 'failed', step: { model: 'Client', error } };
    }
    if (client === undefined || !isUsualClient(client)) return LIBRARY;
    // The secret comes last, because a match is noted as its use, which the library will do if it is to answer.
    const resourceServer = resourceOf(deps, provider, client, form);
    if (resourceServer === null || !(await client.compareClientSecret(presented.clientSecret))) return LIBRARY;
    const token = new provider.ClientCredentials({ client, scope: resourceServer.scope, resourceServer });
    try {
      const value = await token.save();
      const { expiration, scope, tokenType } = token;
      return {
        kind: 'answer',
        body: { access_token: value, expires_in: expiration, scope, token_type: tokenType },
      };
    } catch (error) {
      return { kind: 'failed', step: { model: 'ClientCredentials', error } };
    }
  };
}

/** Headers that make the library do something else, or say something more. */
const UNUSUAL_HEADERS = ['origin', 'dpop', 'oauth-client-attestation', 'oauth-client-attestation-pop'] as const;
const BASIC = /^basic (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/i;
const VISIBLE_ASCII = /^[\x20-\x7e]*$/;

/** The one secret of a request for client credentials, where it is what the library accepts too; else null. */
function usualSecret(headers: IncomingMessage['headers'], form: PostedForm): PresentedSecret | null {
  if (form.text('grant_type') !== 'client_credentials' || form.text('client_assertion') !== '') return null;
  if (UNUSUAL_HEADERS.some((name) => headers[name] !== undefined)) return null;
  const { authorization } = headers;
  const clientId = form.text('client_id');
  const clientSecret = form.text('client_secret');
  if (authorization === undefined) return clientId === '' || clientSecret === '' ? null : { clientId, clientSecret };
  const basic = clientSecret === '' && BASIC.test(authorization) ? readBasicSecret(authorization) : null;
  if (basic === null || basic.clientId === '' || basic.clientSecret === '') return null;
  if (clientId !== '' && clientId !== basic.clientId) return null;
  return VISIBLE_ASCII.test(basic.clientId + basic.clientSecret) ? basic : null;
}

/** The library takes either way of sending a secret from every client that has one. */
function isUsualClient(client: Client): boolean {
  const { clientAuthMethod } = client;
  return (
    (clientAuthMethod === 'client_secret_basic' || clientAuthMethod === 'client_secret_post') &&
    client.grantTypeAllowed('client_credentials') &&
    // Never set by us; the library would look at both.
    client.clientSecretExpiresAt === undefined &&
    client.scope === undefined
  );
}

/* As the library has it (RFC 6749 section 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** The resource that is asked for, offering what the token will carry; null for a request that is refused. */
function resourceOf(
  { issuer, offer }: IssueClientTokenDeps,
  provider: Provider,
  client: Client,
  form: PostedForm,
): ResourceInstance | null {
  const scope = form.text('scope');
  const resource = form.text('resource') || issuer;
  if (scope !== '' && !SCOPE.test(scope)) return null;
  const params = { grant_type: 'client_credentials', resource, ...(scope !== '' && { scope }) };
  try {
    return new provider.ResourceServer(resource, offer({ oidc: { params, entities: {} } }, resource, client));
  } catch {
    return null;
  }
}
