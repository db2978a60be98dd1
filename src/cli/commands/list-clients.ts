import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey client list`: all clients that the credential may see. */
export const command: CommandDefinition = {
  group: 'client',
  name: 'list',
  summary: 'list OAuth clients',
  description: 'List the OAuth clients that the credential may see. Needs the scope admin:clients.',
  examples: [
    ['latchkey client list', 'as a table'],
    ['latchkey client list --json', 'as the API says it: {"data":[…],"next":null}'],
  ],
  run: async (invocation) => {
    const clients = await withServer(invocation, (api) => api.list('/api/clients'));
    const columns = [
      ['client_id', 'CLIENT_ID'],
      ['client_name', 'NAME'],
      ['grant_types', 'GRANTS'],
      ['scope', 'SCOPE'],
    ] as const;
    invocation.output.result({ data: clients, next: null }, () =>
      table(columns, clients, 'No clients yet. Register one with: latchkey client create'),
    );
  },
};
