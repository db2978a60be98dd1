import { readdir } from 'node:fs/promises';
import { Command, CommanderError } from 'commander';
import { ConfigurationError, DependencyDown, InvalidInput, LatchkeyError } from '../core/errors.ts';
import { type CommandDefinition, commandGroups, commandOptions } from './command-definition.ts';
import { CommandFailure, EXIT_CODE, type ExitCode } from './exit-code.ts';
import type { MaintenanceModule } from './maintenance.ts';
import { createOutput } from './output.ts';

/** What the launcher knows and the command line does not. */
export interface Launcher {
  readonly version: string;
  readonly loadMaintenance: () => Promise<MaintenanceModule>;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs one command line (without the words `node` and `latchkey`) and returns its exit code; never throws. */
export async function main(argv: readonly string[], launcher: Launcher): Promise<ExitCode> {
  toleratesClosedPipe(process.stdout);
  const env = launcher.env ?? process.env;
  const secrets = new Set<string>();
  try {
    const program = buildProgram(await loadCommands(), { ...launcher, env, secrets });
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT_CODE.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.usage;
    const failure = asFailure(error);
    createOutput(argv.includes('--json'), secrets).failure(failure);
    return failure.exitCode;
  }
}

interface World extends Launcher {
  readonly env: NodeJS.ProcessEnv;
  /** Shared by all voices of this run: what one command learns, the message about its failure must not repeat. */
  readonly secrets: Set<string>;
}

/** Imports every file of `commands/`, so that a new command is a new file and nothing else. */
async function loadCommands(): Promise<CommandDefinition[]> {
  const folder = new URL('./commands/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts')).sort();
  return Promise.all(
    files.map(async (file) => {
      const module: { command: CommandDefinition } = await import(new URL(file, folder).href);
      return module.command;
    }),
  );
}

function buildProgram(definitions: readonly CommandDefinition[], world: World): Command {
  const program = newCommand('latchkey')
    .description('Latchkey: one authorization server for apps, tokens, keys and sessions.')
    .version(world.version, '-V, --version', 'print the version')
    .addHelpText('after', programHelp);
  for (const definition of definitions.filter(({ group }) => group === null)) {
    program.addCommand(buildCommand(definition, world));
  }
  for (const [name, summary] of Object.entries(commandGroups)) {
    const members = definitions.filter(({ group }) => group === name);
    if (members.length === 0) continue;
    const group = newCommand(name).description(`Work with ${summary}.`).summary(summary);
    for (const member of members) group.addCommand(buildCommand(member, world));
    program.addCommand(group);
  }
  return program;
}

function buildCommand(definition: CommandDefinition, world: World): Command {
  // One line break is where the source wraps; commander wraps to the terminal. An empty line is a paragraph.
  const description = definition.description.replace(/(?<!\n)\n(?!\n)/g, ' ');
  const command = newCommand(definition.name).summary(definition.summary).description(description);
  definition.configure?.(command);
  return command
    .option('--json', 'print the result as JSON')
    .addHelpText('after', commandHelp(definition))
    .action(async () => {
      await definition.run({
        args: command.args,
        options: commandOptions(command.opts()),
        output: createOutput(command.opts().json === true, world.secrets),
        env: world.env,
        loadMaintenance: world.loadMaintenance,
      });
    });
}

/** Exits are ours: commander throws instead, and its usage errors become exit code 2. */
function newCommand(name: string): Command {
  return new Command(name)
    .exitOverride()
    .helpOption('-h, --help', 'explain this command')
    .configureHelp({ showGlobalOptions: false });
}

const programHelp = `
Every command takes --json for programs and --help for people.
serve, migrate, prune and bootstrap work on the database of this folder's settings.
All others ask a running server:
  LATCHKEY_URL    where it is, such as https://auth.example.com
  LATCHKEY_TOKEN  the credential to show it
Without them, the address and credential that the first start wrote to $DATA_DIR/cli.json.

Exit codes: 0 done, 1 refused, 2 usage, 69 server unreachable, 78 configuration.

Examples:
  $ latchkey serve
  $ latchkey client create --name "Nightly import" --grant client_credentials --scope posts:write
  $ latchkey client create --help`;

function commandHelp(definition: CommandDefinition): string {
  const examples = definition.examples.flatMap(([line, meaning]) => [`  # ${meaning}`, `  $ ${line}`]);
  const { 0: done = 'done', 1: refused = 'refused' } = definition.exitCodes ?? {};
  return [
    '',
    'Examples:',
    ...examples,
    '',
    'Exit codes:',
    `   0  ${done}`,
    `   1  ${refused}`,
    '   2  usage: an option or argument is missing or wrong',
    '  69  the server, or the database, can not be reached',
    '  78  configuration: a setting is missing or unsafe',
  ].join('\n');
}

/** Gives every error of the layers below its exit code. */
function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof ConfigurationError) {
    return new CommandFailure({
      exitCode: EXIT_CODE.configuration,
      message: 'The configuration can not be used.',
      details: error.faults.map((fault) => `${fault.code}: ${fault.message} ${fault.fix}`),
      cause: error,
    });
  }
  if (error instanceof InvalidInput) {
    const details = Object.entries(error.errors).flatMap(([field, sentences]) =>
      sentences.map((sentence) => `${field}: ${sentence}`),
    );
    return new CommandFailure({ exitCode: EXIT_CODE.refused, message: error.description, details, cause: error });
  }
  if (error instanceof DependencyDown) {
    const message = error.detail === undefined ? error.description : `${error.description} (${error.detail})`;
    return new CommandFailure({ exitCode: EXIT_CODE.unreachable, message, cause: error });
  }
  if (error instanceof LatchkeyError) {
    return new CommandFailure({ exitCode: EXIT_CODE.refused, message: error.description, cause: error });
  }
  return new CommandFailure({
    exitCode: EXIT_CODE.refused,
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    cause: error,
  });
}

/** `latchkey client list | head -1` closes the pipe early, which is no error. */
function toleratesClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
