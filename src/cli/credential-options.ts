import { addDuration, type Duration, durationSeconds, parseDuration } from '../core/duration.ts';
import type { CommandOptions } from './command-definition.ts';
import { CommandFailure, EXIT_CODE } from './exit-code.ts';
import type { Column } from './output.ts';

/** Reads `--scope`, which repeats and may hold several separated by spaces; each once, in their order. */
export function scopesOf(options: CommandOptions): readonly string[] {
  return [...new Set(options.list('scope').flatMap((value) => value.split(/\s+/).filter((name) => name !== '')))];
}

/** Reads `--expires-in` as the member `expires_at`; empty when it was not given. Throws (exit code 2) for what is no duration. */
export function expiryOf(options: CommandOptions, now: Date): { readonly expires_at?: string } {
  const duration = durationOf(options, 'expiresIn', '--expires-in', 'P30D');
  return duration === null ? {} : { expires_at: addDuration(now, duration).toISOString() };
}

/** Reads `--grace` as the member `grace_period`, in seconds; empty when it was not given. Throws (exit code 2). */
export function graceOf(options: CommandOptions): { readonly grace_period?: number } {
  const duration = durationOf(options, 'grace', '--grace', 'PT1H');
  return duration === null ? {} : { grace_period: durationSeconds(duration) };
}

function durationOf(options: CommandOptions, name: string, flag: string, example: string): Duration | null {
  const value = options.text(name);
  if (value === undefined) return null;
  const duration = parseDuration(value);
  if (duration !== null) return duration;
  throw new CommandFailure({
    exitCode: EXIT_CODE.usage,
    message: `${flag} ${value} is not an ISO 8601 duration.`,
    hint: `It looks like ${flag} ${example}.`,
  });
}

/** Reads `--workspace`; undefined when it was not given. Throws (exit code 2) for what is no id. */
export function workspaceOf(options: CommandOptions): number | undefined {
  const value = options.text('workspace');
  if (value === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(value)) return Number(value);
  throw new CommandFailure({
    exitCode: EXIT_CODE.usage,
    message: `"${value}" is not the id of a workspace.`,
    hint: 'latchkey workspace list shows them.',
  });
}

/** How an API key is shown to a person; members that an answer does not have are left out. */
export const keyColumns: readonly Column[] = [
  ['id', 'id'],
  ['key', 'key'],
  ['name', 'name'],
  ['scopes', 'scopes'],
  ['environment', 'environment'],
  ['rate_limit_tier', 'tier'],
  ['workspace_id', 'workspace'],
  ['state', 'state'],
  ['expires_at', 'expires'],
  ['created_at', 'created'],
];

/** How a personal access token is shown to a person. */
export const tokenColumns: readonly Column[] = [
  ['id', 'id'],
  ['token', 'token'],
  ['name', 'name'],
  ['scopes', 'scopes'],
  ['workspace_id', 'workspace'],
  ['state', 'state'],
  ['expires_at', 'expires'],
  ['created_at', 'created'],
];
