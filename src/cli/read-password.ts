import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Invocation } from './command-definition.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';

/** Declares the two ways not to be asked for a password. */
export function withPassword(command: Command): Command {
  return command
    .option('--password-stdin', 'read the password from standard input; one line break at its end is dropped')
    .option('--invite', 'set no password: print a link with which the person chooses it');
}

/**
 * Reads a password from standard input or asks for it twice, unseen; undefined with `--invite`. Throws (exit code 2) where
 * nobody can answer, and (1) when the two are not the same. A password is never an argument: other users see those.
 */
export async function readPassword({ options, output }: Invocation): Promise<string | undefined> {
  if (options.flag('invite') && options.flag('passwordStdin')) {
    throw new CommandFailure({ exitCode: EXIT_CODE.usage, message: 'Give either --invite or --password-stdin.' });
  }
  if (options.flag('invite')) return undefined;
  const password = options.flag('passwordStdin') ? (await text(process.stdin)).replace(/\r?\n$/, '') : await askTwice();
  if (password === '') throw new CommandFailure({ exitCode: EXIT_CODE.usage, message: 'The password is empty.' });
  output.conceal(password);
  return password;
}

async function askTwice(): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandFailure({
      exitCode: EXIT_CODE.usage,
      message: 'Nobody is here to type a password.',
      hint: 'Add --password-stdin and pipe it in, or --invite to get a link instead.',
    });
  }
  const first = await askUnseen('Password: ');
  if ((await askUnseen('The same again: ')) === first) return first;
  throw new CommandFailure({ exitCode: EXIT_CODE.refused, message: 'The two are not the same. Nothing was changed.' });
}

/** Asks a question on the terminal and reads the answer without showing it. */
export function askUnseen(question: string): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    terminal.on('SIGINT', () => {
      reject(new CommandFailure({ exitCode: EXIT_CODE.refused, message: 'Nothing was done.' }));
      terminal.close();
    });
    terminal.question('', (answer) => {
      resolve(answer);
      terminal.close();
    });
    terminal.on('close', () => process.stderr.write('\n'));
  });
}
