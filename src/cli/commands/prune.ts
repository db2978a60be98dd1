import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withDatabase } from '../with-database.ts';

/** `latchkey prune`: deletes what has expired. */
export const command: CommandDefinition = {
  group: null,
  name: 'prune',
  summary: 'delete what has expired',
  description: `Delete rows that nothing can use any more, such as expired tokens and codes.

It never touches what is still valid, and it may run while the server does. Run it daily, for instance from cron.`,
  examples: [
    ['latchkey prune', 'delete, and say how many rows of each table'],
    ['latchkey prune --json', 'the same for a program: {"deleted":{"table":rows}}'],
  ],
  run: async (invocation) => {
    await withDatabase(invocation, async (database) => {
      const deleted = await database.prune();
      const rows = Object.entries(deleted).map(([name, count]) => ({ name, count }));
      const columns = [
        ['name', 'TABLE'],
        ['count', 'DELETED'],
      ] as const;
      invocation.output.result({ deleted }, () => table(columns, rows, 'Nothing to do.'));
    });
  },
};
