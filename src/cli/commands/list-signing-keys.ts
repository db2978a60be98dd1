import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey signing-keys list`: the keys that are published now. */
export const command: CommandDefinition = {
  group: 'signing-keys',
  name: 'list',
  summary: 'list the keys that sign JWTs',
  description: `List the keys in the published key set, the one that signs first. A key waits (published, so that others
learn it), is active (signs), then retires (published until what it signed has expired). Needs the scope admin:clients.`,
  examples: [
    ['latchkey signing-keys list', 'as a table'],
    ['latchkey signing-keys list --json', 'as the API says it: {"data":[…],"next":null}'],
  ],
  run: async (invocation) => {
    const keys = await withServer(invocation, (api) => api.list('/api/signing-keys'));
    const columns = [
      ['kid', 'KID'],
      ['alg', 'ALG'],
      ['status', 'STATUS'],
      ['active_from', 'ACTIVE_FROM'],
      ['retires_at', 'RETIRES_AT'],
    ] as const;
    invocation.output.result({ data: keys, next: null }, () => table(columns, keys, 'No signing keys.'));
  },
};
