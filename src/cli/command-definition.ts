import type { Command } from 'commander';
import type { MaintenanceModule } from './maintenance.ts';
import type { Output } from './output.ts';

/** One command of the command line. A file in `commands/` exports one as `command`; nothing else lists them. */
export interface CommandDefinition {
  /** The word before the name (`client` in `client create`), null for a command of one word. */
  readonly group: string | null;
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What it does and what it needs, for its own help. */
  readonly description: string;
  /** Complete command lines that work, each with its meaning. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** What the exit codes 0 and 1 mean for this command, where the usual words say too little. */
  readonly exitCodes?: { readonly 0?: string; readonly 1?: string };
  /** Declares arguments and options; `--json` and `--help` are there already. */
  readonly configure?: (command: Command) => unknown;
  /** Does it. Throws `CommandFailure` to end with another exit code than 0. */
  readonly run: (invocation: Invocation) => Promise<void>;
}

/** What the person typed, and the world around the command. */
export interface Invocation {
  /** Arguments in their order. */
  readonly args: readonly string[];
  /** Options by their camel-case name, as declared in `configure`. */
  readonly options: CommandOptions;
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Loads the server's own parts, for the commands that work on the database. */
  readonly loadMaintenance: () => Promise<MaintenanceModule>;
}

/** Typed reading of commander's options. */
export interface CommandOptions {
  readonly text: (name: string) => string | undefined;
  readonly flag: (name: string) => boolean;
  /** Values of an option that repeats, in their order; empty when it was not given. */
  readonly list: (name: string) => readonly string[];
}

/** Reads the options that commander has parsed. */
export function commandOptions(values: Readonly<Record<string, unknown>>): CommandOptions {
  return {
    text: (name) => {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
    flag: (name) => values[name] === true,
    list: (name) => {
      const value = values[name];
      return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    },
  };
}

/** Collects the values of an option that may be given several times. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** What each group of commands is about; a group without commands is not shown. */
export const commandGroups: Readonly<Record<string, string>> = {
  client: 'OAuth clients: programs that sign in on their own, or for a person',
  user: 'people',
  workspace: 'workspaces, their members and roles',
  key: 'API keys of a workspace',
  token: 'personal access tokens',
  scopes: 'the scope vocabulary',
  'signing-keys': 'keys that sign JWTs',
};
