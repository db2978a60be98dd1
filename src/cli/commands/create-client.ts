import { clientColumns } from '../client-id.ts';
import { type CommandDefinition, type CommandOptions, repeated } from '../command-definition.ts';
import { CommandFailure, EXIT_CODE } from '../exit-code.ts';
import { sheet } from '../output.ts';
import { readPublicKeys } from '../public-keys.ts';
import { withServer } from '../with-server.ts';

/** `latchkey client create`: registers an OAuth client. */
export const command: CommandDefinition = {
  group: 'client',
  name: 'create',
  summary: 'register an OAuth client',
  description: `Register an OAuth client and print its client_id and client_secret. The secret is shown this once.

--scope is the ceiling: no token of this client ever covers more. "latchkey scopes list" shows what there is.
Needs the scope admin:clients.`,
  examples: [
    [
      'latchkey client create --name "Nightly import" --grant client_credentials --scope "posts:read posts:write"',
      'a program that acts for itself',
    ],
    [
      'latchkey client create --name Blog --grant authorization_code --redirect-uri https://blog.example.com/callback --scope posts:read',
      'a web application that acts for the people who sign in',
    ],
    [
      'latchkey client create --name "Blog API" --grant client_credentials --resource-server --json',
      'an API that may ask about the credentials it is shown',
    ],
  ],
  exitCodes: { 0: 'registered', 1: 'refused: the settings contradict each other, or the credential may not do this' },
  configure: (command) =>
    command
      .requiredOption('--name <name>', 'name that people see on the consent page')
      .option('--grant <grant>', 'authorization_code, client_credentials, … (repeats)', repeated)
      .option('--redirect-uri <url>', 'where a code may be sent, compared exactly (repeats)', repeated)
      .option('--scope <scopes>', 'scopes it may ask for, separated by spaces (repeats)', repeated)
      .option('--public', 'has no secret: an app in a browser or on a phone')
      .option('--first-party', 'belongs to you: no consent page')
      .option('--native', 'runs on a device: loopback addresses with any port are allowed')
      .option('--resource-server', 'is an API: it may introspect and verify credentials')
      .option('--jwks <file>', 'authenticates with private_key_jwt; a JSON file with its public keys')
      .option('--post-logout-redirect-uri <url>', 'where people may be sent after signing out (repeats)', repeated),
  run: async (invocation) => {
    const { options, output } = invocation;
    const body = await clientMetadata(options);
    const client = await withServer(invocation, (api) => api.post('/api/clients', body));
    output.result(client, () => sheet(clientColumns, client));
    if (client.client_secret !== undefined && client.client_secret !== null) {
      output.hint('Keep the secret now: it is not shown again.');
    }
  },
};

/** Names the settings as RFC 7591 section 2 does. What was not given is left to the server's defaults. */
async function clientMetadata(options: CommandOptions): Promise<Readonly<Record<string, unknown>>> {
  const keysFile = options.text('jwks');
  if (keysFile !== undefined && options.flag('public')) {
    throw new CommandFailure({
      exitCode: EXIT_CODE.usage,
      message: 'A client is either --public or has --jwks, not both.',
    });
  }
  const grants = options.list('grant');
  const redirectUris = options.list('redirectUri');
  const postLogoutUris = options.list('postLogoutRedirectUri');
  const scope = options.list('scope').flatMap((value) => value.split(/\s+/).filter((name) => name !== ''));
  return {
    client_name: options.text('name'),
    ...(grants.length === 0 ? {} : { grant_types: grants }),
    ...(redirectUris.length === 0 ? {} : { redirect_uris: redirectUris }),
    ...(postLogoutUris.length === 0 ? {} : { post_logout_redirect_uris: postLogoutUris }),
    ...(scope.length === 0 ? {} : { scope: [...new Set(scope)].join(' ') }),
    ...(options.flag('public') ? { token_endpoint_auth_method: 'none' } : {}),
    ...(options.flag('native') ? { application_type: 'native' } : {}),
    ...(options.flag('firstParty') ? { first_party: true } : {}),
    ...(options.flag('resourceServer') ? { resource_server: true } : {}),
    ...(keysFile === undefined
      ? {}
      : { token_endpoint_auth_method: 'private_key_jwt', jwks: await readPublicKeys(keysFile) }),
  };
}
