import type { CommandDefinition } from '../command-definition.ts';
import { CommandFailure, EXIT_CODE } from '../exit-code.ts';
import { sheet } from '../output.ts';
import { userColumns, withoutNull } from '../people-columns.ts';
import { readPassword, withPassword } from '../read-password.ts';
import { withServer } from '../with-server.ts';

/** `latchkey user create`: makes somebody known. */
export const command: CommandDefinition = {
  group: 'user',
  name: 'create',
  summary: 'create a user',
  description: `Create a user with a role in one workspace. The password is asked for; with --invite a link is printed instead,
with which the person chooses it within the hour.

Nobody gives a role that holds more than their own credential. Needs the scope admin:users.`,
  examples: [
    ['latchkey user create --email ada@example.com --name "Ada Lovelace"', 'asks for the password'],
    ['latchkey user create --email ada@example.com --role admin --invite', 'prints a link for the person'],
    ['pass show ada | latchkey user create --email ada@example.com --password-stdin --json', 'for scripts'],
  ],
  exitCodes: { 0: 'created', 1: 'refused: the address is taken, the password too weak, or the role holds too much' },
  configure: (command) =>
    withPassword(
      command
        .requiredOption('--email <address>', 'e-mail address to sign in with')
        .option('--name <name>', 'name shown on the pages')
        .option('--role <role>', 'role of the vocabulary (default: member)')
        .option('--workspace <id>', 'workspace of the role (default: the first)'),
    ),
  run: async (invocation) => {
    const { options, output } = invocation;
    const workspace = options.text('workspace');
    if (workspace !== undefined && !/^[1-9]\d{0,14}$/.test(workspace)) {
      throw new CommandFailure({ exitCode: EXIT_CODE.usage, message: `"${workspace}" is not the id of a workspace.` });
    }
    const [name, role] = [options.text('name'), options.text('role')];
    const password = await readPassword(invocation);
    const body = {
      email: options.text('email'),
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      ...(workspace === undefined ? {} : { workspace_id: Number(workspace) }),
      ...(password === undefined ? {} : { password }),
    };
    const user = await withServer(invocation, (api) => api.post('/api/users', body));
    output.result(user, () => sheet(userColumns, withoutNull(user, 'link')));
    if (typeof user.link === 'string') output.hint('Give the link to the person: it works once, and for one hour.');
  },
};
