import { deleteClient, deleteClientPage } from './client-delete.ts';
import { changeClient, editClientPage } from './client-edit.ts';
import { clientListPage } from './client-list.ts';
import { newClientPage, registerClient } from './client-new.ts';
import { addSecret, newSecretPage, removeSecret, removeSecretPage } from './client-secrets.ts';
import { clientPage } from './client-show.ts';
import { testAnswerPage, testSignInPage } from './client-test.ts';
import type { PageParts } from './page-parts.ts';
import type { PageRoute } from './page-route.ts';

/** The pages where developers register apps and look after them. */
export function clientPages(parts: PageParts): readonly PageRoute[] {
  const one = '/clients/:client_id';
  return [
    { method: 'GET', path: '/clients', handler: clientListPage(parts) },
    { method: 'POST', path: '/clients', handler: registerClient(parts) },
    { method: 'GET', path: '/clients/new', handler: newClientPage(parts) },
    { method: 'GET', path: one, handler: clientPage(parts) },
    { method: 'GET', path: `${one}/edit`, handler: editClientPage(parts) },
    { method: 'POST', path: `${one}/edit`, handler: changeClient(parts) },
    { method: 'GET', path: `${one}/secrets/new`, handler: newSecretPage(parts) },
    { method: 'POST', path: `${one}/secrets`, handler: addSecret(parts) },
    { method: 'GET', path: `${one}/secrets/:secret_id/remove`, handler: removeSecretPage(parts) },
    { method: 'POST', path: `${one}/secrets/:secret_id/remove`, handler: removeSecret(parts) },
    { method: 'GET', path: `${one}/test`, handler: testSignInPage(parts) },
    { method: 'GET', path: `${one}/test/answer`, handler: testAnswerPage(parts) },
    { method: 'GET', path: `${one}/delete`, handler: deleteClientPage(parts) },
    { method: 'POST', path: `${one}/delete`, handler: deleteClient(parts) },
  ];
}
