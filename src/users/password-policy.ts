import { commonPasswords } from './common-passwords.ts';

/** A password has at least so many characters (code points). */
export const passwordMinimumCharacters = 8;

/** A password has at most so many bytes as UTF-8. */
export const passwordMaximumBytes = 1024;

/** A context word shorter than this is part of too many good passwords to be held against them. */
const contextWordMinimum = 4;

/** Whose password it is to be. */
export interface PasswordContext {
  readonly email: string;
  readonly name: string;
}

/** Lists the reasons against a password, each a sentence for the person; none means that it may be used. */
export type PasswordPolicy = (password: string, context: PasswordContext) => readonly string[];

/**
 * Builds the rule for new passwords: length, not a common one, and not made of what anybody can guess about the person and
 * the place. There are no rules of composition, and the bytes are taken as received, so `é` typed in two ways is two passwords.
 */
export function passwordPolicy(place: { readonly productName: string; readonly issuer: string }): PasswordPolicy {
  const placeWords = [place.productName, ...hostWords(place.issuer)];
  return (password, context) => {
    if (!password.isWellFormed()) return ['The password contains characters that do not exist.'];
    if (Buffer.byteLength(password) > passwordMaximumBytes) {
      return [`The password must not be longer than ${passwordMaximumBytes} bytes.`];
    }
    if (charactersOf(password) < passwordMinimumCharacters) {
      return [`The password must have at least ${passwordMinimumCharacters} characters.`];
    }
    const plain = password.toLowerCase();
    if (commonPasswords.has(plain)) return ['This password is one of the most common ones. Choose another.'];
    const remaining = without(plain, [...placeWords, ...personWords(context)]);
    return remaining < passwordMinimumCharacters
      ? [
          `The password is too easy to guess from names and addresses: without them it must still have ${passwordMinimumCharacters} characters.`,
        ]
      : [];
  };
}

function charactersOf(text: string): number {
  return [...text].length;
}

/** How many characters stay when the context words, the longest first, are taken out; all of them when none occurs. */
function without(password: string, words: readonly string[]): number {
  const usable = words.map((word) => word.toLowerCase()).filter((word) => charactersOf(word) >= contextWordMinimum);
  const longestFirst = [...new Set(usable)].sort((left, right) => right.length - left.length);
  return charactersOf(longestFirst.reduce((rest, word) => rest.replaceAll(word, ''), password));
}

/** The host and its parts: `auth.example.com` gives itself, `auth` and `example`. */
function hostWords(issuer: string): readonly string[] {
  const host = URL.parse(issuer)?.hostname ?? '';
  return [host, ...host.split('.').slice(0, -1), host.replaceAll('.', '')];
}

/** The address, its part before the @, the name, and the words of the two. */
function personWords({ email, name }: PasswordContext): readonly string[] {
  const local = email.slice(0, email.lastIndexOf('@'));
  const pieces = [email, local, name].flatMap((text) => [
    text,
    ...text.split(/[\s._+-]+/),
    text.replaceAll(/[\s._+-]+/g, ''),
  ]);
  return pieces;
}
