import type { Middleware } from 'koa';
import { clientAnswer, hasSecrets, kindOf, proofInWords, type ShownClient } from './client-kinds.ts';
import { workspaceName } from './client-list.ts';
import { noticeOf } from './client-notices.ts';
import { clientSnippets } from './client-snippets.ts';
import type { PageParts } from './page-parts.ts';
import { type PersonPage, personPage } from './person-page.ts';
import { scopesInWords, vocabularyAnswer } from './scope-choices.ts';
import { futureTime, pastTime, type ShownTime } from './times.ts';

/** Reads the client that an address names; throws what the API refuses with. */
export function findClient(page: PersonPage): Promise<ShownClient> {
  return page.api(clientAnswer, {
    method: 'GET',
    path: '/api/clients/:client_id',
    params: { client_id: clientIdOf(page) },
  });
}

/** The identifier in the address of a client's page. */
export function clientIdOf({ context }: Pick<PersonPage, 'context'>): string {
  const params: Readonly<Record<string, unknown>> = context.params;
  return String(params.client_id ?? '');
}

/** Builds the page of one client. */
export function clientPage(parts: PageParts): Middleware {
  return personPage(parts, async (page) => {
    const client = await findClient(page);
    const vocabulary = await page.api(vocabularyAnswer, { method: 'GET', path: '/api/scopes' });
    const now = new Date();
    page.show(
      'client',
      { title: client.client_name, section: 'clients' },
      {
        notice: noticeOf(page.context.query.notice),
        client,
        kind: kindOf(client),
        proof: proofInWords(client),
        workspace: workspaceName(page, client.workspace_id),
        made: pastTime(client.created_at, now),
        used: client.last_used_at === null ? null : pastTime(client.last_used_at, now),
        scopes: scopesInWords(vocabulary, client.scope.split(' ').filter(Boolean), 'client'),
        keys: (client.jwks?.keys ?? []).map(keyInWords),
        hasSecrets: hasSecrets(client),
        secrets: client.secrets.map((secret) => shownSecret(secret, now)),
        snippets: clientSnippets(client, { issuer: parts.issuer, scopes: vocabulary.scopes, secret: null }),
      },
    );
  });
}

/** A secret as lists show it. */
export interface ShownSecret {
  readonly id: number;
  readonly hint: string;
  readonly made: ShownTime;
  readonly used: ShownTime | null;
  readonly ends: ShownTime | null;
}

/** Puts the times of a secret into words. */
export function shownSecret(secret: ShownClient['secrets'][number], now: Date): ShownSecret {
  return {
    id: secret.id,
    hint: secret.hint,
    made: pastTime(secret.created_at, now),
    used: secret.last_used_at === null ? null : pastTime(secret.last_used_at, now),
    ends: secret.expires_at === null ? null : futureTime(secret.expires_at, now),
  };
}

function keyInWords(key: Readonly<Record<string, unknown>>): string {
  return [key.kty, key.crv, key.kid].filter((part) => typeof part === 'string').join(', ');
}
