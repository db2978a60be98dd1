import type { ApiClient } from '../api-client.ts';
import type { CommandDefinition, Invocation } from '../command-definition.ts';
import { CommandFailure, EXIT_CODE } from '../exit-code.ts';
import { sheet } from '../output.ts';
import { userColumns } from '../people-columns.ts';
import { idArgument } from '../row-id-argument.ts';
import { withServer } from '../with-server.ts';

/** `latchkey user disable`: shuts somebody out. */
export const command: CommandDefinition = {
  group: 'user',
  name: 'disable',
  summary: 'shut a user out of everything at once',
  description: `Disable a user: their sessions end, and every token of theirs stops working at once. Nothing is deleted.

The last owner of the first workspace can not be disabled. Needs the scope admin:users.`,
  examples: [
    ['latchkey user disable 7', 'by id'],
    ['latchkey user disable ada@example.com', 'by e-mail address'],
  ],
  exitCodes: { 0: 'disabled', 1: 'refused, or there is no such user' },
  configure: (command) => command.argument('<user>', 'id or e-mail address'),
  run: async (invocation) => {
    const user = await withServer(invocation, async (api) =>
      api.post(`/api/users/${await idOf(api, invocation)}/disable`, {}),
    );
    invocation.output.result(user, () => sheet(userColumns, user));
  },
};

async function idOf(api: ApiClient, invocation: Invocation): Promise<string> {
  const typed = invocation.args[0] ?? '';
  if (!typed.includes('@')) return idArgument(invocation, 'user');
  const { data } = await api.get(`/api/users?email=${encodeURIComponent(typed)}`);
  const id: unknown = Array.isArray(data) ? data[0]?.id : undefined;
  if (typeof id === 'number') return String(id);
  throw new CommandFailure({ exitCode: EXIT_CODE.refused, message: `There is no user with the address ${typed}.` });
}
