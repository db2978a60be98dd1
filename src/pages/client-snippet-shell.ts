import type { Snippet, SnippetValues } from './client-snippets.ts';

/** Writes the program for a shell with curl. */
export function shellSnippet(values: SnippetValues): Snippet {
  const machine = values.grant === 'client_credentials';
  return {
    id: 'shell',
    title: 'curl',
    hint: machine ? 'Needs curl.' : 'Needs curl and openssl.',
    run: null,
    // In parentheses, so that a terminal takes all of it before it asks, and a wrong answer does not close the terminal.
    code: ['(', ...secretLine(values), ...(machine ? machineLines(values) : signInLines(values)), ')'].join('\n'),
  };
}

/** Writes the command that redeems a code, once somebody has one. */
export function exchangeCommand(
  values: SnippetValues,
  { code, verifier }: { readonly code: string; readonly verifier: string },
): string {
  return [
    '(',
    ...secretLine(values),
    `curl -sS ${proof(values)} -d grant_type=authorization_code \\`,
    `  --data-urlencode ${quoted(`code=${code}`)} -d ${quoted(`code_verifier=${verifier}`)} \\`,
    `  --data-urlencode ${quoted(`redirect_uri=${values.redirectUri}`)} ${quoted(`${values.issuer}/oauth/token`)}`,
    ')',
  ].join('\n');
}

/** What stands before a command that wants the secret in its environment. */
export function secretBefore({ secret }: SnippetValues): string {
  return secret === null ? '' : `CLIENT_SECRET=${quoted(secret)} `;
}

function secretLine({ secret }: SnippetValues): readonly string[] {
  return secret === null ? [] : [`export CLIENT_SECRET=${quoted(secret)}`];
}

function machineLines(values: SnippetValues): readonly string[] {
  return [
    `ANSWER=$(curl -sS ${proof(values)} -d grant_type=client_credentials${scopeOption(values)} \\`,
    `  ${quoted(`${values.issuer}/oauth/token`)})`,
    ...useToken(values),
  ];
}

function signInLines(values: SnippetValues): readonly string[] {
  const question = new URLSearchParams({
    response_type: 'code',
    client_id: values.clientId,
    redirect_uri: values.redirectUri,
    scope: values.scope,
    code_challenge_method: 'S256',
  });
  return [
    '# New for every sign-in.',
    'VERIFIER=$(openssl rand -hex 32)',
    'STATE=$(openssl rand -hex 16)',
    `CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')`,
    `printf 'Open this in your browser: %s&code_challenge=%s&state=%s\\n' \\`,
    `  ${quoted(`${values.issuer}/oauth/authorize?${question}`)} "$CHALLENGE" "$STATE"`,
    `printf 'Paste the address where it ended, also if no page came up: '`,
    'read -r ADDRESS',
    `case "$ADDRESS" in *"state=$STATE"*) ;; *) echo 'That is not the answer to this question.' >&2; exit 1 ;; esac`,
    `CODE=$(printf %s "$ADDRESS" | sed -n 's/.*[?&]code=\\([^&#]*\\).*/\\1/p')`,
    `ANSWER=$(curl -sS ${proof(values)} -d grant_type=authorization_code -d "code=$CODE" -d "code_verifier=$VERIFIER" \\`,
    `  --data-urlencode ${quoted(`redirect_uri=${values.redirectUri}`)} ${quoted(`${values.issuer}/oauth/token`)})`,
    ...useToken(values),
  ];
}

function useToken({ issuer }: SnippetValues): readonly string[] {
  return [
    `echo "$ANSWER"`,
    `TOKEN=$(printf %s "$ANSWER" | sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p')`,
    `curl -sS -H "Authorization: Bearer $TOKEN" ${quoted(`${issuer}/api/me`)}`,
  ];
}

function proof({ authMethod, clientId }: SnippetValues): string {
  if (authMethod === 'none') return `-d client_id=${clientId}`;
  if (authMethod === 'client_secret_post') {
    return `-d client_id=${clientId} --data-urlencode "client_secret=$CLIENT_SECRET"`;
  }
  return `-u "${clientId}:$CLIENT_SECRET"`;
}

function scopeOption({ scope }: SnippetValues): string {
  return scope === '' ? '' : ` -d ${quoted(`scope=${scope}`)}`;
}

/** A word of the shell; a redirect URI may hold any printable character. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
