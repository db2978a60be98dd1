import type { Command } from 'commander';
import type { Invocation } from './command-definition.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';
import type { Column } from './output.ts';

/** Declares the argument that names a client. */
export function withClientId(command: Command): Command {
  return command.argument('<client_id>', 'the client, as "latchkey client list" shows it');
}

/** Returns the path of the client named on the command line. Throws (exit code 2) for what can not be an id, so that no other path is ever asked. */
export function clientPath({ args }: Invocation): string {
  const id = args[0] ?? '';
  if (!/^[A-Za-z0-9._~-]+$/.test(id) || /^\.+$/.test(id)) {
    throw new CommandFailure({
      exitCode: EXIT_CODE.usage,
      message: `"${id}" is not a client_id.`,
      hint: 'latchkey client list shows them.',
    });
  }
  return `/api/clients/${encodeURIComponent(id)}`;
}

/** How a client is shown to a person; members that an answer does not have are left out. */
export const clientColumns: readonly Column[] = [
  ['client_id', 'client_id'],
  ['client_secret', 'client_secret'],
  ['client_name', 'name'],
  ['grant_types', 'grants'],
  ['scope', 'scope'],
  ['token_endpoint_auth_method', 'authentication'],
  ['application_type', 'type'],
  ['redirect_uris', 'redirect URIs'],
  ['post_logout_redirect_uris', 'post-logout URIs'],
  ['first_party', 'first party'],
  ['resource_server', 'resource server'],
  ['created_at', 'created'],
];
