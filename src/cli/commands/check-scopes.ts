import type { CommandDefinition } from '../command-definition.ts';

/** `latchkey scopes check`: whether a server would accept the vocabulary. */
export const command: CommandDefinition = {
  group: 'scopes',
  name: 'check',
  summary: 'check a scope vocabulary before a server reads it',
  description: `Check a scope vocabulary file as the server does when it starts, and list every fault in it.
No server and no database is asked.`,
  examples: [
    ['latchkey scopes check', 'the file that SCOPES_FILE names, else scopes.yaml'],
    ['latchkey scopes check config/scopes.yaml', 'another file'],
  ],
  exitCodes: { 0: 'the file is good' },
  configure: (command) => command.argument('[file]', 'the YAML file; SCOPES_FILE, else scopes.yaml'),
  run: async ({ args, env, output }) => {
    const path = args[0] ?? (env.SCOPES_FILE?.trim() || 'scopes.yaml');
    const { readScopesFile } = await import('../../config/scopes-file.ts');
    const catalog = readScopesFile(path);
    const summary = { file: path, valid: true, scopes: catalog.names.length, roles: catalog.roleNames };
    output.result(summary, () => `${path}: ${summary.scopes} scopes, roles ${summary.roles.join(', ')}. No faults.`);
  },
};
