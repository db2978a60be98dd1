import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey workspace list`: the workspaces that the credential may see. */
export const command: CommandDefinition = {
  group: 'workspace',
  name: 'list',
  summary: 'list workspaces',
  description: 'List the workspaces that the credential is in; with the scope admin:users, all of them.',
  examples: [
    ['latchkey workspace list', 'as a table'],
    ['latchkey workspace list --json', 'as the API says it: {"data":[…],"next":null}'],
  ],
  run: async (invocation) => {
    const workspaces = await withServer(invocation, (api) => api.list('/api/workspaces'));
    const columns = [
      ['id', 'ID'],
      ['name', 'NAME'],
      ['rate_limit_tier', 'TIER'],
      ['suspended_at', 'SUSPENDED'],
    ] as const;
    invocation.output.result({ data: workspaces, next: null }, () => table(columns, workspaces, 'No workspaces.'));
  },
};
