import type { CommandDefinition } from '../command-definition.ts';
import { sheet } from '../output.ts';
import { workspaceColumns } from '../people-columns.ts';
import { idArgument } from '../row-id-argument.ts';
import { withServer } from '../with-server.ts';

/** `latchkey workspace resume`: lets a suspended workspace in again. */
export const command: CommandDefinition = {
  group: 'workspace',
  name: 'resume',
  summary: 'let a suspended workspace in again',
  description: `Resume a workspace: what belongs to it works as before. Needs the scope admin:users.`,
  examples: [['latchkey workspace resume 3', 'workspace 3 is let in again']],
  exitCodes: { 0: 'resumed', 1: 'refused, or there is no such workspace' },
  configure: (command) => command.argument('<id>', 'the workspace, as "latchkey workspace list" shows it'),
  run: async (invocation) => {
    const path = `/api/workspaces/${idArgument(invocation, 'workspace')}/resume`;
    const workspace = await withServer(invocation, (api) => api.post(path, {}));
    invocation.output.result(workspace, () => sheet(workspaceColumns, workspace));
  },
};
