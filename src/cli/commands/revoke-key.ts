import type { CommandDefinition } from '../command-definition.ts';
import { confirm, withConfirmation } from '../confirm.ts';
import { idArgument } from '../row-id-argument.ts';
import { withServer } from '../with-server.ts';

/** `latchkey key revoke`: ends an API key. */
export const command: CommandDefinition = {
  group: 'key',
  name: 'revoke',
  summary: 'end an API key',
  description: `End an API key. It stops working at once; this can not be undone. For a live key the command asks first.
Needs the scope keys:manage.`,
  examples: [
    ['latchkey key revoke 12', 'asks first, if it is a live key'],
    ['latchkey key revoke 12 --yes', 'does not ask: for scripts'],
  ],
  exitCodes: { 0: 'ended', 1: 'refused, not found, or the answer was no' },
  configure: (command) => withConfirmation(command.argument('<id>', 'the key, as "latchkey key list" shows it')),
  run: async (invocation) => {
    const id = idArgument(invocation, 'key');
    const path = `/api/keys/${id}`;
    await withServer(invocation, async (api) => {
      const { name, environment } = await api.get(path);
      if (environment === 'test') return api.delete(path);
      await confirm(invocation, `End the live key "${name}"? Whatever uses it stops working.`);
      return api.delete(`${path}?confirm=${encodeURIComponent(String(name))}`);
    });
    invocation.output.result({ id: Number(id), revoked: true }, () => `Ended key ${id}.`);
  },
};
