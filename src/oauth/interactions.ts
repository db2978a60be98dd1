import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Provider } from 'oidc-provider';
import { reservedScopes } from '../core/scope.ts';
import type { ScopeCatalog } from '../core/scope-catalog.ts';
import { clientFacts } from './client-facts.ts';
import {
  type ConsentQuestion,
  describeConsent,
  entries,
  type Interaction,
  resourceOf,
  text,
} from './consent-question.ts';
import { type ConsentGiven, entriesOfGrant, type GrantRepository } from './grant.ts';
import { staleSession } from './interaction-policy.ts';
import { lifetimes } from './lifetimes.ts';
import { isStale, type RequestSession } from './request-session.ts';

/** A client of the library, as far as we read it. */
type ProtocolClient = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;

/** What the interactions need of the rest of the house. */
export interface InteractionsDeps {
  readonly current: () => Provider;
  readonly issuer: string;
  readonly catalog: ScopeCatalog;
  readonly grants: GrantRepository;
  readonly findSession: (request: IncomingMessage) => Promise<RequestSession | null>;
  readonly workspaceName: (id: number) => Promise<string | null>;
  /** Told of a consent within its transaction. */
  readonly onConsent: (consent: ConsentGiven) => Promise<void>;
  /** Runs several writes of one ending as one. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** Everything a page shows of a pending interaction; its type is the pages' own (`PendingInteraction`). */
export interface InteractionView {
  readonly uid: string;
  readonly step: 'sign-in' | 'consent';
  readonly client: {
    readonly clientId: string;
    readonly name: string;
    readonly owner: string;
    readonly uri: string | null;
    readonly firstParty: boolean;
    readonly redirectHost: string;
    readonly redirectUri: string;
  };
  readonly loginHint: string | null;
  readonly mustReauthenticate: boolean;
  readonly userId: number | null;
  readonly consent: (ConsentQuestion & { readonly workspaceId: number | null }) | null;
}

/** What a person agreed to. */
interface Agreement {
  readonly workspaceId: number;
  readonly scopes: readonly string[];
  readonly identityScopes: readonly string[];
}

/** Builds the seam between the pages and the library: load, and three endings that give the URL to go on at. */
export function interactions(deps: InteractionsDeps): {
  load(request: IncomingMessage, response: ServerResponse): Promise<InteractionView | null>;
  finishSignIn(
    request: IncomingMessage,
    response: ServerResponse,
    signedIn: { readonly userId: number; readonly authenticatedAt: Date },
  ): Promise<string>;
  finishConsent(request: IncomingMessage, response: ServerResponse, agreement: Agreement): Promise<string>;
  refuse(request: IncomingMessage, response: ServerResponse): Promise<string>;
} {
  async function pending(request: IncomingMessage, response: ServerResponse): Promise<Interaction | null> {
    try {
      return await deps.current().interactionDetails(request, response);
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return null;
      throw error;
    }
  }

  async function required(request: IncomingMessage, response: ServerResponse): Promise<Interaction> {
    const interaction = await pending(request, response);
    if (interaction === null) throw new errors.SessionNotFound('the interaction is over');
    return interaction;
  }

  async function clientOf(interaction: Interaction): Promise<ProtocolClient | null> {
    return (await deps.current().Client.find(text(interaction.params.client_id) ?? '')) ?? null;
  }

  return {
    async load(request, response) {
      const interaction = await pending(request, response);
      const client = interaction === null ? null : await clientOf(interaction);
      if (interaction === null || client === null) return null;
      const session = await deps.findSession(request);
      const grant =
        interaction.grantId === undefined ? undefined : await deps.current().Grant.find(interaction.grantId);
      return {
        uid: interaction.uid,
        step: interaction.prompt.name === 'consent' ? 'consent' : 'sign-in',
        client: await describeClient(deps, client, text(interaction.params.redirect_uri) ?? ''),
        loginHint: text(interaction.params.login_hint),
        mustReauthenticate: mustReauthenticate(interaction, session),
        userId: interaction.session?.accountId === undefined ? null : Number(interaction.session.accountId),
        consent:
          interaction.prompt.name === 'consent'
            ? {
                ...describeConsent(deps, interaction, grant),
                workspaceId:
                  interaction.grantId === undefined
                    ? null
                    : ((await deps.grants.find(interaction.grantId))?.workspaceId ?? null),
              }
            : null,
      };
    },

    async finishSignIn(request, response, { userId, authenticatedAt }) {
      // Signing in replaced our session, and the provider's with it: the interaction is no longer tied to the old one.
      const interaction = await findUntied(deps.current(), request, response);
      if (interaction === null) throw new errors.SessionNotFound('the interaction is over');
      const ts = Math.floor(authenticatedAt.getTime() / 1000);
      interaction.result = { login: { accountId: String(userId), ts, remember: true } };
      interaction.session = undefined;
      await interaction.persist();
      return interaction.returnTo;
    },

    async finishConsent(request, response, agreement) {
      const interaction = await required(request, response);
      const grantId = await deps.together(() => saveGrant(deps, interaction, agreement));
      return deps
        .current()
        .interactionResult(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
    },

    async refuse(request, response) {
      await required(request, response);
      const result = { error: 'access_denied', error_description: 'the person did not agree' };
      return deps.current().interactionResult(request, response, result, { mergeWithLastSubmission: false });
    },
  };
}

async function findUntied(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Interaction | null> {
  const context = provider.createContext(request, response);
  const uid = context.cookies.get(provider.cookieName('interaction'), { signed: true });
  return uid === undefined ? null : ((await provider.Interaction.find(uid)) ?? null);
}

/** Being signed in is not enough when the client asked for a fresh sign-in, or for another person. */
function mustReauthenticate(interaction: Interaction, session: RequestSession | null): boolean {
  const { params, prompt } = interaction;
  if (prompt.name !== 'login') return false;
  if ((text(params.prompt) ?? '').split(' ').includes('login')) return true;
  if (prompt.reasons.includes(staleSession) && session !== null && isStale(session)) return true;
  if (prompt.reasons.includes('id_token_hint')) return interaction.session?.accountId !== undefined;
  const maxAge = params.max_age;
  if (maxAge === undefined || session === null) return false;
  return (Date.now() - session.authenticatedAt.getTime()) / 1000 > Number(maxAge);
}

async function describeClient(
  deps: InteractionsDeps,
  client: ProtocolClient,
  redirectUri: string,
): Promise<InteractionView['client']> {
  const facts = clientFacts(client);
  const redirect = URL.parse(redirectUri);
  return {
    clientId: client.clientId,
    name: client.clientName ?? client.clientId,
    owner: (await deps.workspaceName(facts.workspaceId)) ?? '',
    uri: client.clientUri ?? null,
    firstParty: facts.firstParty,
    redirectHost: redirect === null ? '' : redirect.host || redirect.protocol,
    redirectUri,
  };
}

/** Writes what was agreed to into the grant, what was unticked as rejected, and binds it to the workspace. */
async function saveGrant(deps: InteractionsDeps, interaction: Interaction, agreement: Agreement): Promise<string> {
  const { Grant } = deps.current();
  const accountId = interaction.session?.accountId;
  const clientId = text(interaction.params.client_id);
  if (accountId === undefined || clientId === null) throw new errors.SessionNotFound('nobody is signed in');
  const known = interaction.grantId === undefined ? null : await deps.grants.find(interaction.grantId);
  // Another workspace is another grant: what was agreed to for one must not reach into the other.
  const same = known !== null && known.workspaceId === agreement.workspaceId;
  const found = same ? await Grant.find(known.id) : undefined;
  const before = found === undefined ? null : entriesOfGrant(found);
  const grant = found ?? new Grant({ accountId, clientId });
  const resource = resourceOf(deps, interaction);
  const asked = entries(interaction.params.scope);
  const identity = asked.filter((entry) => reservedScopes.has(entry));
  const agreedIdentity = identity.filter(
    (entry) => entry === 'openid' || entry === 'offline_access' || agreement.identityScopes.includes(entry),
  );
  const shown = describeConsent(deps, interaction, same ? grant : undefined).scopes.map(({ entry }) => entry);
  const agreed = shown.filter((entry) => agreement.scopes.includes(entry));

  forget(grant, resource, shown, identity);
  if (agreedIdentity.length > 0) grant.addOIDCScope(agreedIdentity);
  if (agreed.length > 0) grant.addResourceScope(resource, [...agreed]);
  const refusedIdentity = identity.filter((entry) => !agreedIdentity.includes(entry));
  if (refusedIdentity.length > 0) grant.rejectOIDCScope(refusedIdentity);
  const refused = shown.filter((entry) => !agreed.includes(entry));
  if (refused.length > 0) grant.rejectResourceScope(resource, refused);
  grant.exp = Math.floor(Date.now() / 1000) + lifetimes.Grant;
  const id = await grant.save();
  await deps.grants.bindToWorkspace(id, agreement.workspaceId);
  const { workspaceId } = agreement;
  const [userId, scopes] = [Number(accountId), entriesOfGrant(grant)];
  await deps.onConsent({ grantId: id, userId, clientId, workspaceId, before, scopes });
  return id;
}

/** What was asked about now is decided anew, whatever was agreed or refused before. */
function forget(
  grant: InstanceType<Provider['Grant']>,
  resource: string,
  shown: readonly string[],
  identity: readonly string[],
): void {
  for (const part of [grant, grant.rejected]) {
    const resources = part?.resources;
    if (resources?.[resource] !== undefined) resources[resource] = without(resources[resource], shown);
    if (part?.openid?.scope !== undefined) part.openid.scope = without(part.openid.scope, identity);
  }
}

function without(scope: string, removed: readonly string[]): string {
  return scope
    .split(' ')
    .filter((entry) => !removed.includes(entry))
    .join(' ');
}
