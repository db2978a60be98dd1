// Texts are recognized along with comments, since each may contain the other's signs.
const commentsAndTexts =
  /\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** Blanks out the comments of a TypeScript source; lines keep their numbers. */
export function withoutComments(source: string): string {
  return source.replace(commentsAndTexts, (found) => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found));
}

/** Gives the comments of a TypeScript source and nothing else, one after the other. */
export function commentsOf(source: string): string {
  const found = source.match(commentsAndTexts) ?? [];
  return found.filter((part) => part.startsWith('/')).join('\n');
}

/** Gives the code of a TypeScript source with its comments blanked out and its texts emptied. */
export function codeOf(source: string): string {
  return source.replace(commentsAndTexts, (found) => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : "''"));
}
