import { covers } from './scope.ts';

/** An unordered, immutable set of granted scopes, wildcards among them. */
export class ScopeSet {
  /** The entries without repeats, in the order they were given. */
  readonly entries: readonly string[];

  private constructor(entries: readonly string[]) {
    this.entries = entries;
  }

  /** Reads the `scope` parameter of RFC 6749 section 3.3 (separated by spaces) or a list. Only the space separates:
   * an entry with any other white space stays as it is, and, being outside the grammar, matches nothing. */
  static from(source: string | readonly string[]): ScopeSet {
    const parts = typeof source === 'string' ? source.split(' ') : source;
    return new ScopeSet(Object.freeze([...new Set(parts.filter((part) => part !== ''))]));
  }

  /** True when there is no entry, which grants nothing. */
  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Tells whether one of the entries covers the wanted scope; a wanted wildcard is judged by form. */
  covers(wanted: string, isProtected: (scope: string) => boolean): boolean {
    return this.entries.some((entry) => covers(entry, wanted, isProtected));
  }

  /** Keeps the entries of either set that the other one covers. It never gives more than both hold; where a wildcard
   * of one overlaps a wildcard of the other without containing it, it gives less (`posts:*` and `*:read` share no entry). */
  intersect(other: ScopeSet, isProtected: (scope: string) => boolean): ScopeSet {
    return ScopeSet.from([
      ...this.entries.filter((entry) => other.covers(entry, isProtected)),
      ...other.entries.filter((entry) => this.covers(entry, isProtected)),
    ]);
  }

  /** Writes the entries as a `scope` parameter, joined by single spaces. */
  toString(): string {
    return this.entries.join(' ');
  }
}
