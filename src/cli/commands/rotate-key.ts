import type { CommandDefinition } from '../command-definition.ts';
import { graceOf, keyColumns } from '../credential-options.ts';
import { sheet } from '../output.ts';
import { idArgument } from '../row-id-argument.ts';
import { withServer } from '../with-server.ts';

/** `latchkey key rotate`: replaces a key without a gap. */
export const command: CommandDefinition = {
  group: 'key',
  name: 'rotate',
  summary: 'replace an API key by a new one',
  description: `Replace an API key by a new one with the same scopes and settings, and print it, this once. Both keys work during
the grace period: a day unless said, a week at most. Needs the scope keys:manage.`,
  examples: [
    ['latchkey key rotate 12', 'the old key works for another day'],
    ['latchkey key rotate 12 --grace PT1H', 'for another hour'],
    ['latchkey key rotate 12 --grace PT0S', 'the key has leaked: the old one ends now'],
  ],
  exitCodes: { 0: 'rotated', 1: 'refused, not found, expired, or being rotated already' },
  configure: (command) =>
    command
      .argument('<id>', 'the key, as "latchkey key list" shows it')
      .option('--grace <duration>', 'how long the old key goes on working, such as PT1H'),
  run: async (invocation) => {
    const id = idArgument(invocation, 'key');
    const body = graceOf(invocation.options);
    const key = await withServer(invocation, (api) => api.post(`/api/keys/${id}/rotate`, body));
    invocation.output.result(key, () => sheet([...keyColumns, ['replaces', 'replaces']], key));
    invocation.output.hint('Keep the key now: it is not shown again.');
  },
};
