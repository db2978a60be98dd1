import type { CommandDefinition } from '../command-definition.ts';
import { sheet } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey signing-keys rotate`: puts a new signing key in the place of the present one. */
export const command: CommandDefinition = {
  group: 'signing-keys',
  name: 'rotate',
  summary: 'replace the key that signs JWTs',
  description: `Replace the key that signs JWTs, without a restart. The new key is published now and signs after five
minutes, when every cache of the key set has learnt it; the old one stays published until what it signed has expired, so
nothing valid is refused. One rotation at a time. Needs the scope admin:clients.

For a key that leaked there is --withdraw: the old keys leave the key set at once, and what they signed is refused.`,
  examples: [
    ['latchkey signing-keys rotate', 'the usual rotation, unnoticed by anybody'],
    ['latchkey signing-keys rotate --immediately', 'sign with the new key now; what the old one signed stays good'],
    ['latchkey signing-keys rotate --withdraw', 'the old key leaked: refuse whatever it signed'],
  ],
  exitCodes: { 0: 'rotated', 1: 'refused, or a rotation is under way' },
  configure: (command) =>
    command
      .option('--immediately', 'sign with the new key at once')
      .option('--withdraw', 'sign with the new key at once and refuse what the old ones signed'),
  run: async (invocation) => {
    const { options } = invocation;
    const key = await withServer(invocation, (api) =>
      api.post('/api/signing-keys/rotate', {
        ...(options.flag('immediately') && { immediately: true }),
        ...(options.flag('withdraw') && { withdraw: true }),
      }),
    );
    const columns = [
      ['kid', 'kid'],
      ['alg', 'alg'],
      ['status', 'status'],
      ['active_from', 'signs from'],
    ] as const;
    invocation.output.result(key, () => sheet(columns, key));
  },
};
