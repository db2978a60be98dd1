import { clientPath, withClientId } from '../client-id.ts';
import type { CommandDefinition } from '../command-definition.ts';
import { confirm, withConfirmation } from '../confirm.ts';
import { withServer } from '../with-server.ts';

/** `latchkey client delete`: ends a client and every token it has. */
export const command: CommandDefinition = {
  group: 'client',
  name: 'delete',
  summary: 'delete an OAuth client and all its tokens',
  description: `Delete an OAuth client. Its secrets and all tokens it was given stop working at once; this can not be undone.
Needs the scope admin:clients.`,
  examples: [
    ['latchkey client delete 5ktz0jvn', 'asks first'],
    ['latchkey client delete 5ktz0jvn --yes', 'does not ask: for scripts'],
  ],
  exitCodes: { 0: 'deleted', 1: 'refused, not found, or the answer was no' },
  configure: (command) => withConfirmation(withClientId(command)),
  run: async (invocation) => {
    const path = clientPath(invocation);
    const [clientId = ''] = invocation.args;
    await confirm(invocation, `Delete client ${clientId} and end all its tokens?`);
    await withServer(invocation, (api) => api.delete(path));
    invocation.output.result({ client_id: clientId, deleted: true }, () => `Deleted ${clientId}.`);
  },
};
