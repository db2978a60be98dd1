import { secretBefore } from './client-snippet-shell.ts';
import type { Snippet, SnippetValues } from './client-snippets.ts';

/** Writes the program for Python, with nothing but its standard library. */
export function pythonSnippet(values: SnippetValues): Snippet {
  const machine = values.grant === 'client_credentials';
  return {
    id: 'python',
    title: 'Python',
    hint: 'Save it as app.py. It needs nothing beyond Python itself.',
    run: `${secretBefore(values)}python3 app.py`,
    code: [
      ...importLines(values),
      '',
      `ISSUER = ${literal(values.issuer)}`,
      `CLIENT_ID = ${literal(values.clientId)}`,
      ...(values.secret === null ? [] : ['CLIENT_SECRET = os.environ["CLIENT_SECRET"]']),
      '',
      '',
      ...askLines(values),
      '',
      '',
      ...(machine ? machineLines(values) : signInLines(values)),
      'print("May:", tokens.get("scope"))',
      '',
      'headers = {"Authorization": "Bearer " + tokens["access_token"]}',
      'with urllib.request.urlopen(urllib.request.Request(ISSUER + "/api/me", headers=headers)) as answer:',
      '    print(json.load(answer))',
    ].join('\n'),
  };
}

function importLines({ grant, secret, authMethod }: SnippetValues): readonly string[] {
  const code = grant === 'authorization_code';
  const modules = [
    ...(code || authMethod === 'client_secret_basic' ? ['base64'] : []),
    ...(code ? ['hashlib'] : []),
    'json',
    ...(secret === null ? [] : ['os']),
    ...(code ? ['secrets'] : []),
    'urllib.parse',
    'urllib.request',
  ];
  return modules.map((name) => `import ${name}`);
}

function askLines({ authMethod }: SnippetValues): readonly string[] {
  const headers =
    authMethod === 'client_secret_basic'
      ? [
          '    pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()',
          '    headers = {"Authorization": "Basic " + pair}',
        ]
      : ['    headers = {}'];
  const named = authMethod === 'client_secret_basic' ? [] : ['    fields["client_id"] = CLIENT_ID'];
  const proven = authMethod === 'client_secret_post' ? ['    fields["client_secret"] = CLIENT_SECRET'] : [];
  return [
    'def ask_for_tokens(**fields):',
    ...headers,
    ...named,
    ...proven,
    '    body = urllib.parse.urlencode(fields).encode()',
    '    request = urllib.request.Request(ISSUER + "/oauth/token", data=body, headers=headers)',
    '    with urllib.request.urlopen(request) as answer:',
    '        return json.load(answer)',
  ];
}

function machineLines({ scope }: SnippetValues): readonly string[] {
  const asked = scope === '' ? '' : `, scope=${literal(scope)}`;
  return [`tokens = ask_for_tokens(grant_type="client_credentials"${asked})`];
}

function signInLines({ redirectUri, scope }: SnippetValues): readonly string[] {
  return [
    '# New for every sign-in; a web app keeps both in the session of its visitor.',
    'verifier = secrets.token_urlsafe(48)',
    'state = secrets.token_urlsafe(16)',
    'digest = hashlib.sha256(verifier.encode()).digest()',
    'question = {',
    '    "response_type": "code",',
    '    "client_id": CLIENT_ID,',
    `    "redirect_uri": ${literal(redirectUri)},`,
    `    "scope": ${literal(scope)},`,
    '    "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),',
    '    "code_challenge_method": "S256",',
    '    "state": state,',
    '}',
    'print("Open this in your browser:", ISSUER + "/oauth/authorize?" + urllib.parse.urlencode(question))',
    '',
    '# In an app, this is the request that arrives at the redirect URI.',
    'address = input("Paste the address where it ended, also if no page came up: ")',
    'answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))',
    'if answer.get("state") != state or answer.get("iss") != ISSUER:',
    '    raise SystemExit("That is not the answer to this question.")',
    'tokens = ask_for_tokens(',
    '    grant_type="authorization_code",',
    '    code=answer["code"],',
    '    code_verifier=verifier,',
    `    redirect_uri=${literal(redirectUri)},`,
    ')',
  ];
}

/** JSON of printable ASCII is a text of Python too. */
function literal(text: string): string {
  return JSON.stringify(text);
}
