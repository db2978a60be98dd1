import { covers } from '../core/scope.ts';
import type { PageParts } from './page-parts.ts';
import type { Vocabulary } from './scope-choices.ts';

/** A credential that was made just now, and what it may do. */
export interface MadeCredential {
  readonly secret: string;
  readonly scopes: readonly string[];
}

/** Writes a command line that works with a new credential: it reads the example's posts where that is allowed, else asks who it is. */
export function curlLine(
  { issuer, exampleApi }: Pick<PageParts, 'issuer' | 'exampleApi'>,
  { scopes: vocabulary }: Pick<Vocabulary, 'scopes'>,
  { secret, scopes }: MadeCredential,
): string {
  const isProtected = (wanted: string): boolean => vocabulary.some((one) => one.name === wanted && one.protected);
  const reads = vocabulary.some(({ name }) => name === READ) && scopes.some((one) => covers(one, READ, isProtected));
  return `curl -H 'Authorization: Bearer ${secret}' ${issuer}${exampleApi && reads ? '/v1/posts' : '/api/me'}`;
}

const READ = 'posts:read';
