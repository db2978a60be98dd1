import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';
import { revokeAll, revokeAllPage, revokeToken, revokeTokenPage } from './token-end.ts';
import { tokenList } from './token-list.ts';
import { createToken, newTokenPage } from './token-new.ts';
import { renameToken, tokenPage } from './token-show.ts';

/** The pages of a person's own access tokens. */
export function tokenPages(parts: PageParts): readonly PageRoute[] {
  return [
    { method: 'GET', path: '/tokens', handler: tokenList(parts) },
    { method: 'POST', path: '/tokens', handler: createToken(parts) },
    { method: 'GET', path: '/tokens/new', handler: newTokenPage(parts) },
    { method: 'GET', path: '/tokens/revoke-all', handler: revokeAllPage(parts) },
    { method: 'POST', path: '/tokens/revoke-all', handler: revokeAll(parts) },
    // After the words above, which would be taken for ids.
    { method: 'GET', path: '/tokens/:id', handler: tokenPage(parts) },
    { method: 'POST', path: '/tokens/:id/rename', handler: renameToken(parts) },
    { method: 'GET', path: '/tokens/:id/revoke', handler: revokeTokenPage(parts) },
    { method: 'POST', path: '/tokens/:id/revoke', handler: revokeToken(parts) },
  ];
}
