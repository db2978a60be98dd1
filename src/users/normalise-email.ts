/** Brings an e-mail address into the one form in which it is stored and compared: NFKC, trimmed, lower case. */
export function normaliseEmail(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase();
}

/** Tells whether a normalised address can be one: something, one @, a domain; deliverability is not judged. */
export function isEmail(email: string): boolean {
  return email.length <= 254 && /^[^\s@"<>\p{Cc}]{1,64}@[^\s@"<>\p{Cc}.]+(?:\.[^\s@"<>\p{Cc}.]+)*$/u.test(email);
}
