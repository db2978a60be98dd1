/** The steps that work on the database itself, opened without a server; whoever opens it closes it. */
export interface Maintenance {
  /** Applies what is pending and returns the names of the migrations applied. */
  readonly migrate: () => Promise<string[]>;
  /** Names of the migrations, in their order. */
  readonly status: () => Promise<{ applied: string[]; pending: string[] }>;
  /** Deletes what has expired and returns the number of rows by table. */
  readonly prune: () => Promise<Record<string, number>>;
  /** Makes the person an administrator; the password or link is shown this once. */
  readonly bootstrap: (input: BootstrapInput) => Promise<BootstrapResult>;
  readonly close: () => Promise<void>;
}

/** Who the administrator is to be. */
export interface BootstrapInput {
  readonly email: string;
  readonly name?: string;
}

/** What became of it: a new account brings a password or a link, an existing one neither. */
export interface BootstrapResult {
  readonly email: string;
  readonly password?: string;
  readonly link?: string;
  readonly created: boolean;
}

/** What the composition root offers to the command line. It is handed in by `bin/latchkey.js`, so that this folder imports nothing from above. */
export interface MaintenanceModule {
  /** Runs the server until it has drained. Throws `ConfigurationError` where the settings forbid it. */
  readonly runServer: (env: NodeJS.ProcessEnv) => Promise<void>;
  /** Opens the database of the settings. Throws `ConfigurationError`, or `DependencyDown` when it does not answer. */
  readonly openForMaintenance: (env: NodeJS.ProcessEnv) => Promise<Maintenance>;
}
