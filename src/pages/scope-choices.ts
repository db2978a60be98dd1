import { z } from 'zod';

/** The part of the vocabulary's answer that pages use. */
export const vocabularyAnswer = z.object({
  scopes: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      default: z.boolean(),
      protected: z.boolean(),
      server: z.boolean(),
      grantable: z.boolean(),
    }),
  ),
  defaults: z.array(z.string()),
  roles: z.record(z.string(), z.array(z.string())),
  tiers: z.record(z.string(), z.object({ limit: z.number().nullable(), window_seconds: z.number() })),
  /** Names and wildcards that the person may hand on. */
  grantable: z.array(z.string()),
});

/** The vocabulary as the API tells it to the person. */
export type Vocabulary = z.output<typeof vocabularyAnswer>;

/** One box to tick. */
export interface ScopeChoice {
  readonly entry: string;
  readonly sentence: string;
  readonly wildcard: boolean;
  readonly ticked: boolean;
  /** True where no wildcard across resources but `*` reaches it, so that its words can be looked up on the form. */
  readonly isProtected: boolean;
  /** Why it can not be ticked; null where it can. */
  readonly refusal: string | null;
}

/** The boxes of one resource. */
export interface ScopeGroup {
  readonly title: string;
  readonly choices: readonly ScopeChoice[];
}

/** What holds the scopes: it decides whose rights everything is. */
export type ScopeHolder = 'person' | 'key' | 'client' | 'workspace';

/** What is chosen, and what a person without the right to it is told. */
export interface ScopeChoicesInput {
  readonly vocabulary: Vocabulary;
  readonly ticked: readonly string[];
  /** Role of the person in the workspace, for the reason; null for none. */
  readonly role: string | null;
  /** Somebody, unless said: what they choose for acts in their name. */
  readonly holder?: ScopeHolder;
}

/** Groups the vocabulary by resource for a form, the wildcards last and with their meaning spelled out. */
export function scopeChoices({ vocabulary, ticked, role, holder }: ScopeChoicesInput): readonly ScopeGroup[] {
  const grantable = new Set(vocabulary.grantable);
  const chosen = new Set(ticked);
  const guarded = new Set(vocabulary.scopes.filter((scope) => scope.protected).map(({ name }) => name));
  const choice = (entry: string, sentence: string, wildcard: boolean): ScopeChoice => ({
    entry,
    sentence,
    wildcard,
    isProtected: guarded.has(entry),
    ticked: chosen.has(entry) && grantable.has(entry),
    refusal: grantable.has(entry) ? null : refusalFor(vocabulary, entry, role),
  });
  const groups = new Map<string, ScopeChoice[]>();
  for (const { name, description } of vocabulary.scopes) {
    const resource = name.includes(':') ? (name.split(':')[0] ?? '') : '';
    groups.set(resource, [...(groups.get(resource) ?? []), choice(name, description, false)]);
  }
  const named = [...groups].map(([resource, choices]) => {
    const all = `${resource}:*`;
    const offersAll = resource !== '' && (choices.length > 1 || chosen.has(all));
    return {
      title: resource === '' ? 'Other' : titleOf(resource),
      choices: offersAll ? [...choices, choice(all, wildcardInWords(all), true)] : choices,
    };
  });
  const wide = [...new Set(['*:read', '*:*', '*', ...ticked.filter(isWide)])]
    .filter((entry) => vocabulary.grantable.includes(entry) || WIDE_ALWAYS.has(entry))
    .map((entry) => choice(entry, wildcardInWords(entry, holder), true));
  return [...named, { title: 'Across everything', choices: wide }];
}

/** Says a granted entry in words: the vocabulary's sentence, or what a wildcard means. */
export function scopeInWords(vocabulary: Pick<Vocabulary, 'scopes'>, entry: string, holder?: ScopeHolder): string {
  if (entry.includes('*')) return wildcardInWords(entry, holder);
  return vocabulary.scopes.find(({ name }) => name === entry)?.description ?? `${entry} (no longer in the vocabulary)`;
}

/** Entries in words, for a list. */
export function scopesInWords(
  vocabulary: Pick<Vocabulary, 'scopes'>,
  entries: readonly string[],
  holder?: ScopeHolder,
): readonly { readonly entry: string; readonly sentence: string; readonly wildcard: boolean }[] {
  return entries.map((entry) => ({
    entry,
    sentence: scopeInWords(vocabulary, entry, holder),
    wildcard: entry.includes('*'),
  }));
}

/** Says what a wildcard covers, now and later. */
export function wildcardInWords(entry: string, holder: ScopeHolder = 'person'): string {
  const [resource = '', action] = entry.split(':');
  if (action === undefined) return EVERYTHING[holder];
  if (resource === '*' && action === '*') return 'Everything that is not protected, now and later';
  if (resource === '*') return `“${action}” of every resource that is not protected, now and later`;
  return `Everything in “${resource}”, now and later`;
}

/** What `*` is worth: it is cut down to what its owner may do. */
const EVERYTHING: Readonly<Record<ScopeHolder, string>> = {
  person: 'Everything that you may do, protected or not, now and later',
  key: 'Everything that the workspace may do, protected or not, now and later',
  client: 'Everything that whoever it acts for may do, protected or not, now and later',
  workspace: 'Everything, protected or not, now and later',
};

const WIDE_ALWAYS: ReadonlySet<string> = new Set(['*:*', '*']);

function isWide(entry: string): boolean {
  return entry === '*' || entry.startsWith('*:');
}

function titleOf(resource: string): string {
  return resource.charAt(0).toUpperCase() + resource.slice(1).replaceAll(/[._-]/g, ' ');
}

/** Says why somebody can not hand an entry on. */
export function refusalFor(vocabulary: Vocabulary, entry: string, role: string | null): string {
  if (vocabulary.scopes.some(({ name, server }) => name === entry && server)) {
    return role === 'owner'
      ? 'Counts in the server’s own workspace only.'
      : 'For owners of the server’s own workspace.';
  }
  if (role === null) return 'You are in no workspace.';
  return entry.includes('*') ? 'It would reach further than your role.' : `Your role (${role}) does not allow it.`;
}
