import { clientColumns, clientPath, withClientId } from '../client-id.ts';
import type { CommandDefinition } from '../command-definition.ts';
import { sheet } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey client show`: everything about one client but its secrets. */
export const command: CommandDefinition = {
  group: 'client',
  name: 'show',
  summary: 'show one OAuth client',
  description:
    'Show one OAuth client. Secrets are not among it: nobody can read them again. Needs the scope admin:clients.',
  examples: [['latchkey client show 5ktz0jvn', 'its settings, one a line']],
  configure: withClientId,
  run: async (invocation) => {
    const path = clientPath(invocation);
    const client = await withServer(invocation, (api) => api.get(path));
    invocation.output.result(client, () => sheet(clientColumns, client));
  },
};
