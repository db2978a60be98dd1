import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Invocation } from './command-definition.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';

/** Declares the option that answers the question in advance. */
export function withConfirmation(command: Command): Command {
  return command.option('-y, --yes', 'do not ask; needed where nobody can answer');
}

/**
 * Asks before something is lost for good. `--yes` answers in advance; without a terminal it is required (exit code 2),
 * because a script that forgot it must not delete by accident. Any answer but yes refuses (exit code 1).
 */
export async function confirm({ options }: Invocation, question: string): Promise<void> {
  if (options.flag('yes')) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandFailure({
      exitCode: EXIT_CODE.usage,
      message: 'Nobody is here to confirm this.',
      hint: 'Add --yes if it is meant.',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new CommandFailure({ exitCode: EXIT_CODE.refused, message: 'Nothing was changed.' });
}
