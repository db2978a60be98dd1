import { covers, reservedScopes } from '../core/scope.ts';
import type { ShownClient } from './client-kinds.ts';
import { hasSecrets } from './client-kinds.ts';
import { javascriptSnippet } from './client-snippet-javascript.ts';
import { pythonSnippet } from './client-snippet-python.ts';
import { shellSnippet } from './client-snippet-shell.ts';

/** What a program for a client is filled with. */
export interface SnippetValues {
  readonly issuer: string;
  readonly clientId: string;
  /** The secret where it is shown this once, words in its place later, null for clients without one. */
  readonly secret: string | null;
  readonly authMethod: string;
  /** The grant that the program uses. */
  readonly grant: 'authorization_code' | 'client_credentials';
  /** The first of the registered ones; empty for clients that sign nobody in. */
  readonly redirectUri: string;
  /** Concrete names, separated by spaces; empty for none. */
  readonly scope: string;
  /** Key type of the client's public key, where it proves itself by one. */
  readonly keyType: 'EC' | 'RSA' | 'OKP';
}

/** A program that a developer can copy. */
export interface Snippet {
  readonly id: string;
  readonly title: string;
  /** What to have, and where to put it. */
  readonly hint: string;
  /** How it is started; null for what runs as it stands. */
  readonly run: string | null;
  readonly code: string;
}

const SECRET_PLACE = 'paste the secret here';
const MOST_SCOPES = 5;

/**
 * Writes the programs for a client; only the library can sign an assertion, so a client with a key gets that one alone.
 * None for a client that may do nothing: the server gives it no token.
 */
export function clientSnippets(
  client: ShownClient,
  {
    issuer,
    scopes,
    secret,
  }: { readonly issuer: string; readonly scopes: readonly SnippetScope[]; readonly secret: string | null },
): readonly Snippet[] {
  const values = snippetValues(client, { issuer, scopes, secret });
  if (values.scope === '') return [];
  const all = [shellSnippet(values), javascriptSnippet(values), pythonSnippet(values)];
  return client.token_endpoint_auth_method === 'private_key_jwt' ? all.filter(({ id }) => id === 'javascript') : all;
}

/** A scope of the vocabulary, as far as a program needs to know it. */
export interface SnippetScope {
  readonly name: string;
  readonly default: boolean;
  readonly protected: boolean;
}

/** Collects what a program for a client is filled with. */
export function snippetValues(
  client: ShownClient,
  {
    issuer,
    scopes,
    secret,
  }: { readonly issuer: string; readonly scopes: readonly SnippetScope[]; readonly secret: string | null },
): SnippetValues {
  const codeGrant = client.grant_types.includes('authorization_code');
  const keyType = client.jwks?.keys[0]?.kty;
  return {
    issuer,
    clientId: client.client_id,
    secret: hasSecrets(client) ? (secret ?? SECRET_PLACE) : null,
    authMethod: client.token_endpoint_auth_method,
    grant: codeGrant ? 'authorization_code' : 'client_credentials',
    redirectUri: client.redirect_uris[0] ?? '',
    scope: [...(codeGrant ? ['openid', 'profile', 'email'] : []), ...askedScopes(client, scopes)].join(' '),
    keyType: keyType === 'RSA' || keyType === 'OKP' ? keyType : 'EC',
  };
}

/** Scopes that a program asks for: what the client is registered for by name, else a few of what its wildcards cover. */
export function askedScopes(client: Pick<ShownClient, 'scope'>, scopes: readonly SnippetScope[]): readonly string[] {
  const entries = client.scope.split(' ').filter((entry) => entry !== '' && !reservedScopes.has(entry));
  const guarded = new Set(scopes.filter((scope) => scope.protected).map(({ name }) => name));
  const covered = scopes.filter(({ name }) => entries.some((entry) => covers(entry, name, (one) => guarded.has(one))));
  const named = covered.filter(({ name }) => entries.includes(name));
  const unguarded = covered.filter((scope) => !scope.protected);
  return (named.length > 0 ? named : unguarded).slice(0, MOST_SCOPES).map(({ name }) => name);
}
