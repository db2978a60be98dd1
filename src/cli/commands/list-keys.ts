import type { CommandDefinition } from '../command-definition.ts';
import { workspaceOf } from '../credential-options.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey key list`: the API keys of a workspace. */
export const command: CommandDefinition = {
  group: 'key',
  name: 'list',
  summary: 'list API keys',
  description: `List the API keys of a workspace, expired ones and those that are being replaced among them.
Needs the scope keys:manage.`,
  examples: [
    ['latchkey key list', "the keys of the credential's own workspace, as a table"],
    ['latchkey key list --workspace 2 --json', 'as the API says it: {"data":[…],"next":null}'],
  ],
  configure: (command) => command.option('--workspace <id>', "whose keys; the credential's own unless said"),
  run: async (invocation) => {
    const workspaceId = workspaceOf(invocation.options);
    const path = workspaceId === undefined ? '/api/keys' : `/api/keys?workspace_id=${workspaceId}`;
    const keys = await withServer(invocation, (api) => api.list(path));
    const columns = [
      ['id', 'ID'],
      ['name', 'NAME'],
      ['hint', 'KEY'],
      ['state', 'STATE'],
      ['scopes', 'SCOPES'],
      ['expires_at', 'EXPIRES'],
      ['last_used_at', 'LAST USED'],
    ] as const;
    invocation.output.result({ data: keys, next: null }, () =>
      table(columns, keys, 'No keys yet. Create one with: latchkey key create'),
    );
  },
};
