import type { CommandDefinition } from '../command-definition.ts';
import type { BootstrapInput } from '../maintenance.ts';
import { sheet } from '../output.ts';
import { withDatabase } from '../with-database.ts';

/** `latchkey bootstrap`: the first administrator, or the way back in for one who is locked out. */
export const command: CommandDefinition = {
  group: null,
  name: 'bootstrap',
  summary: 'create the first administrator',
  description: `Create an administrator directly in the database: an owner of the first workspace.

For the first start in production, where no password is printed, and for the day when nobody can sign in any more.
The password or link is shown this once.`,
  examples: [
    ['latchkey bootstrap --email ada@example.com', 'create the administrator and print how to sign in'],
    ['latchkey bootstrap --email ada@example.com --name "Ada Lovelace" --json', 'the same with a name, for a program'],
  ],
  configure: (command) =>
    command
      .requiredOption('--email <address>', 'e-mail address to sign in with')
      .option('--name <name>', 'name shown on the pages'),
  run: async (invocation) => {
    const { options, output } = invocation;
    const name = options.text('name');
    const input: BootstrapInput = { email: options.text('email') ?? '', ...(name === undefined ? {} : { name }) };
    await withDatabase(invocation, async (database) => {
      const result = await database.bootstrap(input);
      output.result(result, () =>
        sheet(
          [
            ['email', 'e-mail:'],
            ['password', 'password:'],
            ['link', 'link:'],
          ],
          { ...result },
        ),
      );
      output.hint(
        result.created ? 'Keep this now: it is not shown again.' : 'The account existed already; it is an owner now.',
      );
    });
  },
};
