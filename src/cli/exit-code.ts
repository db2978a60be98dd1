/** How every command ends, after sysexits.h where that has a number. */
export const EXIT_CODE = { done: 0, refused: 1, usage: 2, unreachable: 69, configuration: 78 } as const;

/** One of the five numbers that a command may end with. */
export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** What a failed command says beside its exit code. */
export interface CommandFailureOptions {
  readonly exitCode: Exclude<ExitCode, 0>;
  /** One sentence: what happened. */
  readonly message: string;
  /** Further lines: which fields, which faults. */
  readonly details?: readonly string[];
  /** One sentence: what to do about it. */
  readonly hint?: string;
  /** HTTP status of the answer behind it, for `--json`. */
  readonly status?: number;
  /** The answer behind it, for `--json`. */
  readonly body?: unknown;
  readonly cause?: unknown;
}

/** Ends a command on purpose, with an exit code, a sentence and what to do about it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: Exclude<ExitCode, 0>;
  readonly details: readonly string[];
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly body: unknown;

  constructor(options: CommandFailureOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode;
    this.details = options.details ?? [];
    this.hint = options.hint;
    this.status = options.status;
    this.body = options.body;
  }
}
