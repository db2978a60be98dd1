const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ['changed', 'Saved. It holds from the next request on.'],
  ['deleted', 'The app is deleted, with every token that was issued to it.'],
  ['secret-removed', 'The secret is removed. It works nowhere any more.'],
]);

/** The sentence of a notice in an address; null for none, and for one that nobody of ours wrote. */
export function noticeOf(code: unknown): string | null {
  return NOTICES.get(code) ?? null;
}
