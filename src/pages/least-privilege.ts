/** A scope that a credential holds or has exercised. */
export interface ExercisedScope {
  readonly scope: string;
  /** Whether it is held now, with everything that limits it considered. */
  readonly held: boolean;
  /** The last day (UTC, `YYYY-MM-DD`) on which it was exercised; null for never. */
  readonly lastUsedOn: string | null;
}

/** What a credential could do without. */
export interface LeastPrivilege {
  /** Held, and not exercised on any of the days looked at; in the order of the vocabulary. */
  readonly unused: readonly string[];
  /** Held and exercised. */
  readonly used: readonly string[];
  /** What it could be granted instead: what it used, by name. Null where it used nothing, or there is nothing to take. */
  readonly narrower: readonly string[] | null;
  /** Entries that would go although they do nothing now: the role, the client or the vocabulary no longer has them. */
  readonly idle: readonly string[];
  /** Wildcards that would go, and with them whatever they will cover later. */
  readonly wildcards: readonly string[];
}

const DAY_MS = 86_400_000;

/**
 * Compares what a credential was granted with what it exercised in the last `days` days of UTC, today among them. A
 * credential is never narrowed to nothing: what is not used at all is to be ended, which only a person decides.
 */
export function leastPrivilege({
  granted,
  exercised,
  days,
  now,
}: {
  readonly granted: readonly string[];
  readonly exercised: readonly ExercisedScope[];
  readonly days: number;
  readonly now: Date;
}): LeastPrivilege {
  const since = new Date(now.getTime() - (days - 1) * DAY_MS).toISOString().slice(0, 10);
  const held = exercised.filter((one) => one.held);
  const used = held.filter(({ lastUsedOn }) => lastUsedOn !== null && lastUsedOn >= since).map(({ scope }) => scope);
  const unused = held.map(({ scope }) => scope).filter((scope) => !used.includes(scope));
  const isHeld = (entry: string): boolean => held.some(({ scope }) => scope === entry);
  const wildcards = granted.filter((entry) => entry.includes('*'));
  const idle = granted.filter((entry) => !entry.includes('*') && !isHeld(entry));
  const isNarrower = unused.length > 0 || idle.length > 0;
  return { unused, used, idle, wildcards, narrower: used.length > 0 && isNarrower ? used : null };
}
