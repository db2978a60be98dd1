/** What every error of ours says, and to whom. */
export interface LatchkeyErrorOptions {
  /** HTTP status the edge answers with. */
  readonly status: number;
  /** Stable name for programs, snake_case. */
  readonly code: string;
  /** One sentence for the developer on the other side; never contains a secret. */
  readonly description: string;
  /** For the operator's log only. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/** The base of every error thrown on purpose: a status, a code for programs, a sentence for people, a detail for the log. */
export class LatchkeyError extends Error {
  override readonly name: string = 'LatchkeyError';
  readonly status: number;
  readonly code: string;
  readonly description: string;
  readonly detail: string | undefined;

  constructor(options: LatchkeyErrorOptions) {
    super(options.description, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.code = options.code;
    this.description = options.description;
    this.detail = options.detail;
  }
}

/** Field name to sentences, the shape of `errors` in a 422 answer. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/** Input that was understood and is not acceptable: 422 with one or more sentences a field. */
export class InvalidInput extends LatchkeyError {
  override readonly name = 'InvalidInput';
  readonly errors: FieldErrors;

  constructor(errors: FieldErrors) {
    super({ status: 422, code: 'invalid_input', description: 'The given data was invalid.' });
    this.errors = errors;
  }
}

/** A thing that does not exist, or belongs to somebody else: 404, and the two are not told apart. */
export class NotFound extends LatchkeyError {
  override readonly name = 'NotFound';

  constructor(description = 'Not found.') {
    super({ status: 404, code: 'not_found', description });
  }
}

/** A request that contradicts the present state: 409. */
export class Conflict extends LatchkeyError {
  override readonly name = 'Conflict';
  /** Further members of the answer, such as the id of the thing that already exists. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(description: string, members: Readonly<Record<string, unknown>> = {}) {
    super({ status: 409, code: 'conflict', description });
    this.members = members;
  }
}

/** A request that a page of another site may have sent in a person's name: 403. */
export class ForeignRequest extends LatchkeyError {
  override readonly name: string = 'ForeignRequest';

  constructor(detail: string) {
    super({ status: 403, code: 'csrf_mismatch', description: 'CSRF token mismatch.', detail });
  }
}

/** Something so far-reaching that a person must have given the password lately, and has not: 403. */
export class FreshSignInNeeded extends LatchkeyError {
  override readonly name = 'FreshSignInNeeded';

  constructor() {
    super({
      status: 403,
      code: 'fresh_sign_in_needed',
      description: 'Sign in again to do this: you gave your password more than ten minutes ago.',
    });
  }
}

/** More tries than are allowed, such as passwords: 429 with `Retry-After`. */
export class TooManyRequests extends LatchkeyError {
  override readonly name = 'TooManyRequests';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super({ status: 429, code: 'too_many_requests', description: 'Too many requests.' });
    this.retryAfterSeconds = Math.ceil(retryAfterSeconds);
  }
}

/** Something this server depends on does not answer: 503 with `Retry-After`, and nothing is allowed. */
export class DependencyDown extends LatchkeyError {
  override readonly name = 'DependencyDown';
  readonly retryAfterSeconds: number;

  constructor(dependency: string, cause?: unknown, retryAfterSeconds = 2) {
    super({
      status: 503,
      code: 'temporarily_unavailable',
      description: 'The service is temporarily unavailable.',
      detail: `${dependency} does not answer`,
      cause,
    });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A setting that this server refuses to run with: exit code 78. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly ConfigurationFault[];

  constructor(faults: readonly ConfigurationFault[]) {
    super(faults.map((fault) => `${fault.code}: ${fault.message} ${fault.fix}`).join('\n'));
    this.faults = faults;
  }
}

/** One reason not to start: what is wrong and what to do about it. */
export interface ConfigurationFault {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}
