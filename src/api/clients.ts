import { z } from 'zod';
import type { addClientSecret } from '../clients/add-client-secret.ts';
import type { ChangeClientDeps, ClientChanges, changeClient } from '../clients/change-client.ts';
import type { Client } from '../clients/client.ts';
import type { ClientRepository } from '../clients/client-repository.ts';
import type { registerClient } from '../clients/register-client.ts';
import type { EffectiveScopeInputs } from '../core/effective-scopes.ts';
import { InvalidInput, NotFound } from '../core/errors.ts';
import {
  changedClientBody,
  clientAnswer,
  issuedClientAnswer,
  issuedSecretAnswer,
  newClientBody,
  newSecretBody,
  presentClient,
  presentSecret,
  scopeList,
  settingsOf,
} from './client-schemas.ts';
import { pageOf, pageQuery, readCursor } from './cursor.ts';
import type { Once } from './idempotency.ts';
import { userIdOf } from './keys-access.ts';
import { type AnyRoute, route } from './route.ts';

/** What the client routes need. */
export interface ClientRoutesDeps {
  readonly clients: Pick<ClientRepository, 'find' | 'list' | 'delete' | 'deleteSecret'>;
  readonly register: ReturnType<typeof registerClient>;
  readonly change: ReturnType<typeof changeClient>;
  readonly addSecret: ReturnType<typeof addClientSecret>;
  readonly scopeFaults: ChangeClientDeps['scopeFaults'];
  readonly once: Once;
  /** Entries that a caller with these limits may not hand on. */
  readonly refusedGrants: (limits: EffectiveScopeInputs, entries: readonly string[]) => readonly string[];
}

const access = { scopes: ['admin:clients'] } as const;
const INTROSPECT = 'credentials:introspect';
const listAnswer = z.object({ data: z.array(clientAnswer), next: z.string().nullable() });
const position = z.tuple([z.iso.datetime(), z.string().regex(/^[\x21-\x7e]{1,200}$/)]);

/** The routes of `/api/clients`: OAuth clients, for callers that cover `admin:clients`. */
export function clientRoutes(deps: ClientRoutesDeps): readonly AnyRoute[] {
  /** Nobody hands on through a client what they do not hold themselves. */
  function refuseExcess(limits: EffectiveScopeInputs, entries: readonly string[]): void {
    if (deps.scopeFaults(entries).length > 0) return;
    const refused = deps.refusedGrants(limits, entries);
    if (refused.length > 0)
      throw new InvalidInput({ scope: refused.map((entry) => `You can not grant ${entry}: you do not hold it.`) });
  }

  /** A resource server learns what other parties' credentials are, so the mark is worth as much as the scope for it. */
  function refuseInspection(limits: EffectiveScopeInputs, resourceServer: boolean): void {
    if (!resourceServer || deps.scopeFaults([INTROSPECT]).length > 0) return;
    if (deps.refusedGrants(limits, [INTROSPECT]).length > 0)
      throw new InvalidInput({ resource_server: [`You can not give this mark: you do not hold ${INTROSPECT}.`] });
  }

  /** Who gets a secret of a client, or changes where its codes go, can act as it: they must hold all that it may do. */
  function refuseTakeover(limits: EffectiveScopeInputs, client: Pick<Client, 'scopes' | 'resourceServer'>): void {
    const known = client.scopes.filter((entry) => deps.scopeFaults([entry]).length === 0);
    refuseExcess(limits, known);
    refuseInspection(limits, client.resourceServer);
  }

  async function find(clientId: string | undefined): Promise<Client> {
    const client = clientId === undefined || clientId.includes('\0') ? null : await deps.clients.find(clientId);
    if (client === null) throw new NotFound();
    return client;
  }

  return [
    route({
      method: 'GET',
      path: '/api/clients',
      summary: 'List OAuth clients',
      access,
      query: pageQuery,
      answers: { 200: listAnswer },
      async handle({ query }) {
        const after = query.cursor === undefined ? null : readCursor(query.cursor, position);
        if (query.cursor !== undefined && after === null) throw new InvalidInput({ cursor: ['Unknown cursor.'] });
        const rows = await deps.clients.list({
          workspaceId: null,
          limit: query.limit + 1,
          after: after && { createdAt: new Date(after[0]), clientId: after[1] },
        });
        const page = pageOf(rows, query.limit, (last) => [last.createdAt.toISOString(), last.clientId]);
        return { status: 200, body: { data: page.data.map(presentClient), next: page.next } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/clients',
      summary: 'Register an OAuth client; its secret is shown this once',
      access,
      idempotencyKey: true,
      body: newClientBody,
      answers: { 201: issuedClientAnswer },
      async handle({ body, ...call }) {
        const settings = settingsOf(body);
        refuseExcess(call.limits, settings.scopes);
        refuseInspection(call.limits, settings.resourceServer);
        const registration = {
          settings,
          workspaceId: body.workspace_id ?? call.principal.workspaceId ?? 0,
          createdBy: userIdOf(call),
        };
        const { client, secret } = await deps.once(
          call,
          '/api/clients',
          () => deps.register(registration),
          (made) => made.client.clientId,
        );
        return {
          status: 201,
          body: { ...presentClient(client), ...(secret && { client_secret: secret.clientSecret }) },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/clients/:client_id',
      summary: 'Show an OAuth client',
      access,
      answers: { 200: clientAnswer },
      async handle({ params }) {
        return { status: 200, body: presentClient(await find(params.client_id)) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/clients/:client_id',
      summary: 'Change an OAuth client',
      access,
      body: changedClientBody,
      answers: { 200: clientAnswer },
      async handle({ params, body, limits }) {
        const client = await find(params.client_id);
        const changes = changesOf(body);
        // What it will be is what counts: who takes rights away need not have held them.
        refuseTakeover(limits, { ...client, ...changes });
        return { status: 200, body: presentClient(await deps.change(client.clientId, changes)) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/clients/:client_id',
      summary: 'Delete an OAuth client with everything issued to it',
      access,
      answers: { 204: null },
      async handle({ params }) {
        const { clientId } = await find(params.client_id);
        await deps.clients.delete(clientId);
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/api/clients/:client_id/secrets',
      summary: 'Give a client a further secret, shown this once',
      access,
      idempotencyKey: true,
      body: newSecretBody,
      answers: { 201: issuedSecretAnswer },
      async handle({ params, body, ...call }) {
        const client = await find(params.client_id);
        refuseTakeover(call.limits, client);
        const expiresAt = body.expires_at === undefined ? null : new Date(body.expires_at);
        const secret = await deps.once(
          call,
          `/api/clients/${client.clientId}/secrets`,
          () => deps.addSecret(client.clientId, expiresAt),
          ({ id }) => id,
        );
        return { status: 201, body: presentSecret(secret) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/clients/:client_id/secrets/:id',
      summary: 'End one secret of a client',
      access,
      answers: { 204: null },
      async handle({ params }) {
        const { clientId } = await find(params.client_id);
        const id = params.id ?? '';
        if (!/^[1-9]\d{0,14}$/.test(id) || !(await deps.clients.deleteSecret(clientId, Number(id))))
          throw new NotFound();
        return { status: 204 };
      },
    }),
  ];
}

function changesOf(body: z.output<typeof changedClientBody>): ClientChanges {
  return {
    ...(body.client_name !== undefined && { clientName: body.client_name }),
    ...(body.grant_types !== undefined && { grantTypes: body.grant_types }),
    ...(body.redirect_uris !== undefined && { redirectUris: body.redirect_uris }),
    ...(body.post_logout_redirect_uris !== undefined && { postLogoutRedirectUris: body.post_logout_redirect_uris }),
    ...(body.scope !== undefined && { scopes: scopeList(body.scope) }),
    ...(body.jwks !== undefined && { jwks: body.jwks }),
    ...(body.jwks_uri !== undefined && { jwksUri: body.jwks_uri }),
    ...(body.client_uri !== undefined && { clientUri: body.client_uri }),
    ...(body.first_party !== undefined && { firstParty: body.first_party }),
    ...(body.resource_server !== undefined && { resourceServer: body.resource_server }),
  };
}
