/** Values from tutorials, defaults and this repository's own examples; compared without case and punctuation. */
const knownWeak = new Set(
  [
    'admin admin123 administrator',
    'changeme changeit change-me please-change-me replace-me',
    'default demo development example test testing',
    'guest hunter2 letmein qwerty welcome',
    'keyboard-cat latchkey mysecret my-secret-key my-super-secret-key',
    'oauth oidc pass passw0rd password password1 pgpassword postgres postgresql root',
    'secret secret-key secretkey session-secret super-secret supersecret your-secret-key',
    '1234 12345 123456 1234567 12345678 123456789 1234567890',
    'sk_live_EXAMPLE_KEY_REPLACE_ME',
  ]
    .flatMap((line) => line.split(' '))
    .map(plain),
);

/** Tells whether a secret is one that everybody tries first, also when it is written several times in a row. */
export function isKnownWeak(secret: string): boolean {
  const text = plain(secret);
  if (knownWeak.has(text)) return true;
  const period = (text + text).indexOf(text, 1);
  return period > 0 && period < text.length && knownWeak.has(text.slice(0, period));
}

/**
 * Estimates from above how many bits a secret holds. One that looks random is taken at its word: its length times what a
 * character of its alphabet can hold. In any other, the variety it really shows (Shannon) counts, without repetition and
 * runs such as `abcd`. A sentence of words is overestimated.
 */
export function estimatedBits(secret: string): number {
  const length = Array.from(secret).length;
  const alphabet = alphabetSize(secret);
  const expectedVariety = alphabet * (1 - (1 - 1 / alphabet) ** length);
  const surprising = surprisingCharacters(secret);
  const looksRandom = new Set(secret).size >= 0.6 * expectedVariety && surprising >= 0.85 * length;
  return looksRandom ? Math.log2(alphabet) * length : shannonBits(secret) * surprising;
}

/** How many characters the writer seems to have chosen from. */
function alphabetSize(secret: string): number {
  if (/^([0-9a-f]*|[0-9A-F]*)$/.test(secret)) return /^\d*$/.test(secret) ? 10 : 16;
  const kinds: readonly (readonly [RegExp, number])[] = [
    [/[0-9]/, 10],
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[^0-9A-Za-z]/, 2],
  ];
  return kinds.reduce((size, [kind, members]) => size + (kind.test(secret) ? members : 0), 0);
}

/** Bits a character by how often each occurs. */
function shannonBits(secret: string): number {
  const characters = Array.from(secret);
  const counts = new Map<string, number>();
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => {
    const share = count / characters.length;
    return bits - share * Math.log2(share);
  }, 0);
}

/** Counts the characters that do not just continue what stands before them: the same period, or a run upwards or downwards. */
function surprisingCharacters(secret: string): number {
  const codes = Array.from(secret, (character) => character.codePointAt(0) ?? 0);
  const period = (secret + secret).indexOf(secret, 1);
  const fresh = period > 0 && period < secret.length ? codes.slice(0, period) : codes;
  return fresh.filter((code, index) => {
    const step = code - (fresh[index - 1] ?? Number.NaN);
    const stepBefore = (fresh[index - 1] ?? Number.NaN) - (fresh[index - 2] ?? Number.NaN);
    return !(step === stepBefore && Math.abs(step) <= 1);
  }).length;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
