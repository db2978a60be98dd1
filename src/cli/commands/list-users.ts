import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey user list`: all users. */
export const command: CommandDefinition = {
  group: 'user',
  name: 'list',
  summary: 'list users',
  description: 'List all users with their roles. Needs the scope admin:users.',
  examples: [
    ['latchkey user list', 'as a table'],
    ['latchkey user list --json', 'as the API says it: {"data":[…],"next":null}'],
  ],
  run: async (invocation) => {
    const users = await withServer(invocation, (api) => api.list('/api/users'));
    const columns = [
      ['id', 'ID'],
      ['email', 'E-MAIL'],
      ['name', 'NAME'],
      ['roles', 'ROLES (WORKSPACE:ROLE)'],
      ['disabled_at', 'DISABLED'],
    ] as const;
    invocation.output.result({ data: users, next: null }, () =>
      table(
        columns,
        users.map((user) => ({ ...user, roles: rolesOf(user.memberships) })),
        'No users yet. Create one with: latchkey user create',
      ),
    );
  },
};

function rolesOf(memberships: unknown): readonly string[] {
  if (!Array.isArray(memberships)) return [];
  return memberships.map((one: Readonly<Record<string, unknown>>) => `${one.workspace_id}:${one.role}`);
}
