import type { CommandDefinition } from '../command-definition.ts';
import { CommandFailure, EXIT_CODE } from '../exit-code.ts';
import { type Row, table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey key usage`: how much an API key was used, and how much of that was refused. */
export const command: CommandDefinition = {
  group: 'key',
  name: 'usage',
  summary: 'show how much an API key was used',
  description: `Show the calls of an API key that were allowed and denied, by the day or by the hour (UTC). Needs the scope keys:manage.

A key and the key that replaces it are counted apart. What was used within the last second may not be there yet.`,
  examples: [
    ['latchkey key usage 12', 'the last seven days, a line a day'],
    ['latchkey key usage 12 --interval hour --from 2026-01-31', 'by the hour since that day'],
    ['latchkey key usage 12 --json', 'as the API says it: {"total":…,"data":[…]}'],
  ],
  configure: (command) =>
    command
      .argument('<id>', 'the key, as "latchkey key list" shows it')
      .option(
        '--from <time>',
        'a day or time, such as 2026-01-31 or 2026-01-31T12:00:00Z; a week before the end unless given',
      )
      .option('--to <time>', 'a day or time; now unless given')
      .option('--interval <interval>', '"day" (unless given) or "hour"'),
  run: async (invocation) => {
    const id = invocation.args[0] ?? '';
    if (!/^[1-9]\d{0,14}$/.test(id)) {
      throw new CommandFailure({
        exitCode: EXIT_CODE.usage,
        message: `"${id}" is not the id of a key.`,
        hint: 'latchkey key list shows them.',
      });
    }
    const query = new URLSearchParams();
    for (const name of ['from', 'to', 'interval']) {
      const value = invocation.options.text(name);
      if (value !== undefined) query.set(name, value);
    }
    const usage = await withServer(invocation, (api) => api.get(`/api/keys/${id}/usage?${query}`));
    invocation.output.result(usage, () => lines(usage));
  },
};

function lines({ total, data }: Row): string {
  const rows: Row[] = Array.isArray(data) ? data : [];
  const columns = [
    ['at', 'FROM'],
    ['allowed', 'ALLOWED'],
    ['denied', 'DENIED'],
  ] as const;
  const empty = 'Not used in this time.';
  return rows.length === 0 ? empty : `${table(columns, rows, empty)}\n\n${String(total)} in all`;
}
