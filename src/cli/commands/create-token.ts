import { type CommandDefinition, repeated } from '../command-definition.ts';
import { expiryOf, scopesOf, tokenColumns } from '../credential-options.ts';
import { sheet } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey token create`: makes a personal access token. */
export const command: CommandDefinition = {
  group: 'token',
  name: 'create',
  summary: 'create a personal access token',
  description: `Create a personal access token of the person behind the credential and print it. The token is shown this once.

Without --scope it gets the defaults of the vocabulary. Needs a credential of a person with the scope tokens:manage.`,
  examples: [
    ['latchkey token create --name laptop --scope posts:read', 'lives as long as the server says, a year by default'],
    ['latchkey token create --name ci --scope "posts:read posts:write" --expires-in P90D --json', 'for a program'],
  ],
  exitCodes: { 0: 'created', 1: 'refused: a scope is beyond the credential, or it belongs to no person' },
  configure: (command) =>
    command
      .requiredOption('--name <name>', 'name that tells it from your others')
      .option('--scope <scopes>', 'scopes of the token, separated by spaces (repeats)', repeated)
      .option('--expires-in <duration>', 'how long it lives, such as P90D'),
  run: async (invocation) => {
    const { options, output } = invocation;
    const scopes = scopesOf(options);
    const body = {
      name: options.text('name'),
      ...(options.list('scope').length === 0 ? {} : { scopes }),
      ...expiryOf(options, new Date()),
    };
    const token = await withServer(invocation, (api) => api.post('/api/tokens', body));
    output.result(token, () => sheet(tokenColumns, token));
    output.hint('Keep the token now: it is not shown again.');
  },
};
