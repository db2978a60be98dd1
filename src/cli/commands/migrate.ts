import type { CommandDefinition } from '../command-definition.ts';
import { withDatabase } from '../with-database.ts';

/** `latchkey migrate`: brings the tables up to date, or says how far they are. */
export const command: CommandDefinition = {
  group: null,
  name: 'migrate',
  summary: 'bring the database up to date',
  description: `Apply the migrations that the database does not have yet.

The server does the same when it starts. Run it by hand to see failures before the servers restart, or to let a
database user with more rights do it. Several at once are safe: one works, the others wait.`,
  examples: [
    ['latchkey migrate', 'apply what is pending'],
    ['latchkey migrate --status', 'only say what is applied and what is pending'],
  ],
  configure: (command) => command.option('--status', 'change nothing, list applied and pending migrations'),
  run: async (invocation) => {
    const { output, options } = invocation;
    await withDatabase(invocation, async (database) => {
      if (options.flag('status')) {
        const status = await database.status();
        output.result(status, () =>
          [
            ...status.applied.map((name) => `applied  ${name}`),
            ...status.pending.map((name) => `pending  ${name}`),
          ].join('\n'),
        );
        if (status.pending.length > 0) output.hint('Apply what is pending with: latchkey migrate');
        return;
      }
      output.hint('Applying migrations…');
      const applied = await database.migrate();
      output.result({ applied }, () =>
        applied.length === 0 ? 'Nothing to do.' : applied.map((name) => `applied  ${name}`).join('\n'),
      );
    });
  },
};
