import { deleteKey, deleteKeyPage } from './key-delete.ts';
import { changeKey, editKeyPage, endKeyLater } from './key-edit.ts';
import { endGrace, endGracePage, moveGrace } from './key-grace.ts';
import { keyList } from './key-list.ts';
import { createKey, newKeyPage } from './key-new.ts';
import { rotateKey, rotateKeyPage } from './key-rotate.ts';
import { keyDetails } from './key-show.ts';
import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';

/** The pages of a workspace's API keys. */
export function keyPages(parts: PageParts): readonly PageRoute[] {
  return [
    { method: 'GET', path: '/keys', handler: keyList(parts) },
    { method: 'POST', path: '/keys', handler: createKey(parts) },
    { method: 'GET', path: '/keys/new', handler: newKeyPage(parts) },
    // After the word above, which would be taken for an id.
    { method: 'GET', path: '/keys/:id', handler: keyDetails(parts) },
    { method: 'GET', path: '/keys/:id/edit', handler: editKeyPage(parts) },
    { method: 'POST', path: '/keys/:id/edit', handler: changeKey(parts) },
    { method: 'POST', path: '/keys/:id/expiry', handler: endKeyLater(parts) },
    { method: 'GET', path: '/keys/:id/delete', handler: deleteKeyPage(parts) },
    { method: 'POST', path: '/keys/:id/delete', handler: deleteKey(parts) },
    { method: 'GET', path: '/keys/:id/rotate', handler: rotateKeyPage(parts) },
    { method: 'POST', path: '/keys/:id/rotate', handler: rotateKey(parts) },
    { method: 'POST', path: '/keys/:id/grace', handler: moveGrace(parts) },
    { method: 'GET', path: '/keys/:id/end-grace', handler: endGracePage(parts) },
    { method: 'POST', path: '/keys/:id/end-grace', handler: endGrace(parts) },
  ];
}
