import type { CommandDefinition } from '../command-definition.ts';
import { idArgument } from '../row-id-argument.ts';
import { withServer } from '../with-server.ts';

/** `latchkey token revoke`: ends one of one's own personal access tokens. */
export const command: CommandDefinition = {
  group: 'token',
  name: 'revoke',
  summary: 'end one of your personal access tokens',
  description: `End a personal access token of the person behind the credential. It stops working at once; this can not be undone.
Needs a credential of a person with the scope tokens:manage.`,
  examples: [['latchkey token revoke 12', 'the id, as "latchkey token list" shows it']],
  exitCodes: { 0: 'ended', 1: 'refused, or there is no such token of yours' },
  configure: (command) => command.argument('<id>', 'the token, as "latchkey token list" shows it'),
  run: async (invocation) => {
    const id = idArgument(invocation, 'token');
    await withServer(invocation, (api) => api.delete(`/api/tokens/${id}`));
    invocation.output.result({ id: Number(id), revoked: true }, () => `Ended token ${id}.`);
  },
};
