import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey token list`: one's own personal access tokens. */
export const command: CommandDefinition = {
  group: 'token',
  name: 'list',
  summary: 'list your personal access tokens',
  description: `List the personal access tokens of the person behind the credential, expired ones among them.
Needs a credential of a person with the scope tokens:manage.`,
  examples: [
    ['latchkey token list', 'as a table'],
    ['latchkey token list --json', 'as the API says it: {"data":[…],"next":null}'],
  ],
  run: async (invocation) => {
    const tokens = await withServer(invocation, (api) => api.list('/api/tokens'));
    const columns = [
      ['id', 'ID'],
      ['name', 'NAME'],
      ['hint', 'ENDS IN'],
      ['state', 'STATE'],
      ['scopes', 'SCOPES'],
      ['expires_at', 'EXPIRES'],
      ['last_used_at', 'LAST USED'],
    ] as const;
    invocation.output.result({ data: tokens, next: null }, () =>
      table(columns, tokens, 'No tokens yet. Create one with: latchkey token create'),
    );
  },
};
