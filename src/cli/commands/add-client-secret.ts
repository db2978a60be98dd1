import { clientPath, withClientId } from '../client-id.ts';
import type { CommandDefinition } from '../command-definition.ts';
import { sheet } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey client add-secret`: one more secret, so that the old one can be replaced without a gap. */
export const command: CommandDefinition = {
  group: 'client',
  name: 'add-secret',
  summary: 'give an OAuth client one more secret',
  description: `Give an OAuth client one more secret and print it, this once. The secrets it has keep working, so a secret
is replaced without a gap: add one, deploy it, then delete the old one through the API. Needs the scope admin:clients.`,
  examples: [
    ['latchkey client add-secret 5ktz0jvn', 'print the new secret'],
    ['latchkey client add-secret 5ktz0jvn --json', 'the same for a program: {"id","client_secret","expires_at"}'],
  ],
  exitCodes: { 0: 'added', 1: 'refused or not found' },
  configure: withClientId,
  run: async (invocation) => {
    const path = clientPath(invocation);
    const secret = await withServer(invocation, (api) => api.post(`${path}/secrets`, {}));
    const columns = [
      ['id', 'id'],
      ['client_secret', 'client_secret'],
      ['expires_at', 'expires'],
    ] as const;
    invocation.output.result(secret, () => sheet(columns, secret));
    invocation.output.hint('Keep the secret now: it is not shown again.');
  },
};
