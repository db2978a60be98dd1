import { type CommandDefinition, repeated } from '../command-definition.ts';
import { expiryOf, keyColumns, scopesOf, workspaceOf } from '../credential-options.ts';
import { sheet } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey key create`: makes an API key. */
export const command: CommandDefinition = {
  group: 'key',
  name: 'create',
  summary: 'create an API key',
  description: `Create an API key of a workspace and print it. The key is shown this once.

It can do what its scopes say, whoever made it and whatever becomes of them; nobody gives it more than they hold.
Needs the scope keys:manage.`,
  examples: [
    ['latchkey key create --name "Mobile app" --scope "posts:read posts:write"', 'a live key'],
    [
      'latchkey key create --name Trial --scope posts:read --environment test --expires-in P30D',
      'a test key for a month',
    ],
    ['latchkey key create --name Import --scope posts:write --workspace 2 --tier pro --json', 'for a program'],
  ],
  exitCodes: { 0: 'created', 1: 'refused: a scope or tier is beyond the credential, or there is no such workspace' },
  configure: (command) =>
    command
      .requiredOption('--name <name>', 'name that people see in lists')
      .requiredOption('--scope <scopes>', 'scopes of the key, separated by spaces (repeats)', repeated)
      .option('--workspace <id>', "workspace it belongs to; the credential's own unless said")
      .option('--tier <tier>', "rate-limit tier; the workspace's unless said")
      .option('--environment <environment>', 'live or test; live unless said')
      .option('--expires-in <duration>', 'how long it lives, such as P30D; for ever unless said'),
  run: async (invocation) => {
    const { options, output } = invocation;
    const workspaceId = workspaceOf(options);
    const tier = options.text('tier');
    const environment = options.text('environment');
    const body = {
      name: options.text('name'),
      scopes: scopesOf(options),
      ...(workspaceId === undefined ? {} : { workspace_id: workspaceId }),
      ...(tier === undefined ? {} : { rate_limit_tier: tier }),
      ...(environment === undefined ? {} : { environment }),
      ...expiryOf(options, new Date()),
    };
    const key = await withServer(invocation, (api) => api.post('/api/keys', body));
    output.result(key, () => sheet(keyColumns, key));
    output.hint('Keep the key now: it is not shown again.');
  },
};
