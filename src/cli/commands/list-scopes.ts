import type { CommandDefinition } from '../command-definition.ts';
import { table } from '../output.ts';
import { withServer } from '../with-server.ts';

/** `latchkey scopes list`: what there is to grant. */
export const command: CommandDefinition = {
  group: 'scopes',
  name: 'list',
  summary: 'list the scopes of the vocabulary',
  description: `List the scopes that this server knows, with their sentences.

A default scope is granted when nobody asks for any. A protected one is covered only by itself, by its own resource's
wildcard (admin:*) or by *. A server scope works only in the first workspace. With --file, no server is asked.`,
  examples: [
    ['latchkey scopes list', 'the vocabulary of the running server'],
    ['latchkey scopes list --file scopes.yaml', 'the vocabulary of a file'],
  ],
  configure: (command) => command.option('--file <path>', 'read this file instead of asking the server'),
  run: async (invocation) => {
    const { options, output } = invocation;
    const file = options.text('file');
    const vocabulary =
      file === undefined ? await withServer(invocation, (api) => api.get('/api/scopes')) : await readVocabulary(file);
    const columns = [
      ['name', 'SCOPE'],
      ['description', 'DESCRIPTION'],
      ['default', 'DEFAULT'],
      ['protected', 'PROTECTED'],
      ['server', 'SERVER'],
    ] as const;
    const { scopes } = vocabulary;
    output.result(vocabulary, () => table(columns, Array.isArray(scopes) ? scopes : [], 'No scopes.'));
  },
};

/** Describes a file as `GET /api/scopes` describes the server's vocabulary. */
async function readVocabulary(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { readScopesFile } = await import('../../config/scopes-file.ts');
  const catalog = readScopesFile(path);
  return {
    scopes: catalog.names.map((name) => catalog.describe(name)),
    defaults: catalog.defaults,
    roles: Object.fromEntries(catalog.roleNames.map((role) => [role, catalog.role(role)])),
  };
}
