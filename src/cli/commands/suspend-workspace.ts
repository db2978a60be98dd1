import type { CommandDefinition } from '../command-definition.ts';
import { sheet } from '../output.ts';
import { workspaceColumns } from '../people-columns.ts';
import { idArgument } from '../row-id-argument.ts';
import { withServer } from '../with-server.ts';

/** `latchkey workspace suspend`: shuts a workspace out. */
export const command: CommandDefinition = {
  group: 'workspace',
  name: 'suspend',
  summary: 'shut a workspace out at once',
  description: `Suspend a workspace: every key, token and client that belongs to it is refused at once. Nothing is deleted. Needs the
scope admin:users.`,
  examples: [['latchkey workspace suspend 3', 'nothing of workspace 3 is let in any more']],
  exitCodes: { 0: 'suspended', 1: 'refused, or there is no such workspace' },
  configure: (command) => command.argument('<id>', 'the workspace, as "latchkey workspace list" shows it'),
  run: async (invocation) => {
    const path = `/api/workspaces/${idArgument(invocation, 'workspace')}/suspend`;
    const workspace = await withServer(invocation, (api) => api.post(path, {}));
    invocation.output.result(workspace, () => sheet(workspaceColumns, workspace));
  },
};
