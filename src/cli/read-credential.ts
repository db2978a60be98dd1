import { text } from 'node:stream/consumers';
import type { Invocation } from './command-definition.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';
import { askUnseen } from './read-password.ts';

/**
 * Reads the credential that a command is about: from standard input (`-`), asked for unseen where a person sits there, or
 * the argument itself, with a warning. Throws (exit code 2) where there is none.
 */
export async function readCredential({ args, output }: Invocation): Promise<string> {
  const argument = args[0] ?? '-';
  if (argument !== '-') {
    output.conceal(argument);
    output.warn(
      'A credential on the command line can be seen by other users of this machine and stays in the history of the shell. Pipe it in: latchkey verify - < file',
    );
    return argument;
  }
  const credential = (process.stdin.isTTY ? await askUnseen('Credential: ') : await text(process.stdin)).trim();
  if (credential === '') {
    throw new CommandFailure({
      exitCode: EXIT_CODE.usage,
      message: 'There is no credential on standard input.',
      hint: 'latchkey verify - < file, or without a pipe to be asked for it.',
    });
  }
  output.conceal(credential);
  return credential;
}
