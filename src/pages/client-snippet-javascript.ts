import { secretBefore } from './client-snippet-shell.ts';
import type { Snippet, SnippetValues } from './client-snippets.ts';

/** Writes the program for Node with openid-client. */
export function javascriptSnippet(values: SnippetValues): Snippet {
  const machine = values.grant === 'client_credentials';
  const key = values.authMethod === 'private_key_jwt';
  return {
    id: 'javascript',
    title: 'JavaScript (openid-client)',
    hint: [
      'Save it as app.mjs.',
      ...otherSpelling(values),
      ...(key ? ['The private key stands beside it in private-key.pem, as PKCS #8.'] : []),
    ].join(' '),
    run: `npm install openid-client\n${secretBefore(values)}node app.mjs`,
    code: [
      ...(key
        ? ["import { createPrivateKey } from 'node:crypto';", "import { readFile } from 'node:fs/promises';"]
        : []),
      ...(machine ? [] : ["import { createInterface } from 'node:readline/promises';"]),
      "import * as client from 'openid-client';",
      '',
      ...keyLines(values),
      ...configLines(values),
      ...(machine ? machineLines(values) : signInLines(values)),
      `console.log('May:', tokens.scope);`,
      '',
      `const me = await fetch(${JSON.stringify(`${values.issuer}/api/me`)}, {`,
      "  headers: { Authorization: 'Bearer ' + tokens.access_token },",
      '});',
      'console.log(await me.json());',
    ].join('\n'),
  };
}

/** The library takes the redirect URI from the address that the answer came to: without its query, as browsers write it. */
function otherSpelling({ redirectUri, grant }: SnippetValues): readonly string[] {
  if (grant !== 'authorization_code') return [];
  const url = new URL(redirectUri);
  url.search = '';
  if (url.href === redirectUri) return [];
  return [`This library needs another redirect URI: it sends ${url.href}, which is not the one that is registered.`];
}

function configLines(values: SnippetValues): readonly string[] {
  const local = values.issuer.startsWith('http:');
  return [
    'const config = await client.discovery(',
    `  new URL(${JSON.stringify(values.issuer)}),`,
    `  ${JSON.stringify(values.clientId)},`,
    '  undefined,',
    `  ${proof(values)},`,
    ...(local
      ? ['  // Plain http is for a server on your own machine only.', '  { execute: [client.allowInsecureRequests] },']
      : []),
    ');',
  ];
}

const IMPORTED_AS = {
  EC: "{ name: 'ECDSA', namedCurve: 'P-256' }",
  RSA: "{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }",
  OKP: "'Ed25519'",
} as const;

function keyLines({ authMethod, keyType }: SnippetValues): readonly string[] {
  if (authMethod !== 'private_key_jwt') return [];
  return [
    "const jwk = createPrivateKey(await readFile('private-key.pem')).export({ format: 'jwk' });",
    `const key = await crypto.subtle.importKey('jwk', jwk, ${IMPORTED_AS[keyType]}, false, ['sign']);`,
    '',
  ];
}

function proof({ authMethod }: SnippetValues): string {
  if (authMethod === 'none') return 'client.None()';
  if (authMethod === 'private_key_jwt') return 'client.PrivateKeyJwt(key)';
  const method = authMethod === 'client_secret_post' ? 'ClientSecretPost' : 'ClientSecretBasic';
  return `client.${method}(process.env.CLIENT_SECRET)`;
}

function machineLines({ scope }: SnippetValues): readonly string[] {
  const parameters = scope === '' ? '{}' : `{ scope: ${JSON.stringify(scope)} }`;
  return ['', `const tokens = await client.clientCredentialsGrant(config, ${parameters});`];
}

function signInLines({ redirectUri, scope }: SnippetValues): readonly string[] {
  return [
    '',
    '// New for every sign-in; a web app keeps both in the session of its visitor.',
    'const code_verifier = client.randomPKCECodeVerifier();',
    'const state = client.randomState();',
    'const question = client.buildAuthorizationUrl(config, {',
    `  redirect_uri: ${JSON.stringify(redirectUri)},`,
    `  scope: ${JSON.stringify(scope)},`,
    '  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),',
    "  code_challenge_method: 'S256',",
    '  state,',
    '});',
    "console.log('Open this in your browser:', question.href);",
    '',
    '// In an app, this is the request that arrives at the redirect URI.',
    'const terminal = createInterface({ input: process.stdin, output: process.stdout });',
    "const address = await terminal.question('Paste the address where it ended, also if no page came up: ');",
    'terminal.close();',
    'const tokens = await client.authorizationCodeGrant(config, new URL(address), {',
    '  pkceCodeVerifier: code_verifier,',
    '  expectedState: state,',
    '});',
    "console.log('Signed in:', tokens.claims().sub);",
  ];
}
