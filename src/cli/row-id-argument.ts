import type { Invocation } from './command-definition.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';

/** Returns the id that is the first argument. Throws (exit code 2) for what can not be one, so that no other path is ever asked; `group` is where a list shows them. */
export function idArgument({ args }: Invocation, group: 'workspace' | 'user' | 'key' | 'token'): string {
  const id = args[0] ?? '';
  if (/^[1-9]\d{0,14}$/.test(id)) return id;
  throw new CommandFailure({
    exitCode: EXIT_CODE.usage,
    message: `"${id}" is not the id of a ${group}.`,
    hint: `latchkey ${group} list shows them.`,
  });
}
