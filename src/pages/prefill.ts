import { refusalFor, type Vocabulary } from './scope-choices.ts';

/** What a link that leads to a form for a new credential has filled in. */
export interface Prefill {
  readonly name: string;
  /** Entries to tick; null where the link names none, so that the defaults are. */
  readonly scopes: readonly string[] | null;
  /** What the link asks for and can not be had, with the reason: nothing is dropped in silence. */
  readonly refused: readonly { readonly entry: string; readonly reason: string }[];
  readonly expiry: string;
  readonly expiryDay: string;
}

type Query = Readonly<Record<string, string | string[] | undefined>>;

const NAME_LENGTH = 255;
const MOST_ENTRIES = 100;
/** What `nextPath` lets through, with room to spare. */
const LONGEST_PATH = 1900;

/** Reads `name`, `scopes` (repeated, or separated by commas or spaces), `expiry` and `expiry_day` of a link. */
export function readPrefill(query: Query, vocabulary: Vocabulary, role: string | null): Prefill {
  const asked = entriesOf(query.scopes);
  const grantable = new Set(vocabulary.grantable);
  const known = knownEntries(vocabulary);
  const refused = asked
    .filter((entry) => !grantable.has(entry))
    .map((entry) => ({
      entry: entry.slice(0, NAME_LENGTH),
      reason: known.has(entry) ? refusalFor(vocabulary, entry, role) : 'There is no such permission here.',
    }));
  return {
    name: first(query.name).slice(0, NAME_LENGTH),
    scopes: asked.length === 0 ? null : asked.filter((entry) => grantable.has(entry)),
    refused,
    expiry: first(query.expiry),
    expiryDay: first(query.expiry_day).slice(0, 10),
  };
}

/** Tells whether an address carries something for the form. */
export function isPrefilled(query: Query): boolean {
  return query.name !== undefined || query.scopes !== undefined;
}

/** Writes a link that fills the form in with what was typed, so that it is not lost on the way to a sign-in and back. */
export function prefillPath(
  path: string,
  form: { text(name: string): string; list(name: string): readonly string[] },
): string {
  const write = (name: string): string => {
    const query = new URLSearchParams({ name, scopes: form.list('scopes').join(' '), expiry: form.text('expiry') });
    if (form.text('expiry_day') !== '') query.set('expiry_day', form.text('expiry_day'));
    return `${path}?${query}`;
  };
  const whole = write(form.text('name'));
  return whole.length <= LONGEST_PATH ? whole : write([...form.text('name')].slice(0, 50).join(''));
}

function first(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function entriesOf(value: string | string[] | undefined): readonly string[] {
  const texts = Array.isArray(value) ? value : [value ?? ''];
  const entries = texts.flatMap((text) => text.split(/[\s,]+/)).filter((entry) => entry !== '');
  return [...new Set(entries)].slice(0, MOST_ENTRIES);
}

function knownEntries({ scopes }: Vocabulary): ReadonlySet<string> {
  const wildcards = scopes.flatMap(({ name }) => {
    const [resource, action] = name.split(':');
    return action === undefined ? [] : [`${resource}:*`, `*:${action}`];
  });
  return new Set(['*', '*:*', ...wildcards, ...scopes.map(({ name }) => name)]);
}
