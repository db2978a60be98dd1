import type { CommandDefinition } from '../command-definition.ts';
import { sheet } from '../output.ts';
import { workspaceColumns } from '../people-columns.ts';
import { withServer } from '../with-server.ts';

/** `latchkey workspace create`: a place of its own for keys, clients and people. */
export const command: CommandDefinition = {
  group: 'workspace',
  name: 'create',
  summary: 'create a workspace',
  description: `Create a workspace. Who creates it with a credential of their own becomes its owner; one created by a program has no
members yet: "latchkey user create --workspace ID --role owner" makes the first. Needs the scope admin:users.`,
  examples: [['latchkey workspace create --name "News desk"', 'prints its id']],
  exitCodes: { 0: 'created' },
  configure: (command) => command.requiredOption('--name <name>', 'name that people see'),
  run: async (invocation) => {
    const body = { name: invocation.options.text('name') };
    const workspace = await withServer(invocation, (api) => api.post('/api/workspaces', body));
    invocation.output.result(workspace, () => sheet(workspaceColumns, workspace));
  },
};
