import { createServer, type Server } from 'node:http';
import { appRoutes } from './api/apps.ts';
import { callRoute } from './api/call-route.ts';
import { changeTokenRoutes } from './api/change-token.ts';
import { clientRoutes } from './api/clients.ts';
import { openApiDocument } from './api/openapi.ts';
import { openApiEndpoint } from './api/openapi-endpoint.ts';
import type { AnyRoute } from './api/route.ts';
import { scopeRoutes } from './api/scopes.ts';
import { signingKeyRoutes } from './api/signing-keys.ts';
import { verifyRoutes } from './api/verify.ts';
import { verifyForProxies } from './api/verify-for-proxies.ts';
import { createListener } from './app.ts';
import { auditedSigningKeys } from './composition/audited-repositories.ts';
import { administrationRoutes } from './composition/compose-administration.ts';
import { composeAudit } from './composition/compose-audit.ts';
import { composeCapabilities } from './composition/compose-capabilities.ts';
import { authLoginWith, credentialRoutes } from './composition/compose-credentials.ts';
import { accountPort, peopleRoutes } from './composition/compose-people.ts';
import { composeProtocol } from './composition/compose-protocol.ts';
import { composeRequests } from './composition/compose-requests.ts';
import { composeStrangers } from './composition/compose-strangers.ts';
import { composeUsage } from './composition/compose-usage.ts';
import { startForTheFirstTime } from './composition/first-start.ts';
import { guardFarReaching } from './composition/guard-far-reaching.ts';
import { knownFacts } from './composition/known-facts.ts';
import {
  type Installation,
  openInstallation,
  readSettings,
  refuseUnsafe,
  settleIssuer,
} from './composition/open-installation.ts';
import { sweepInBackground } from './composition/sweeps.ts';
import { isProduction } from './config/environment.ts';
import { productVersion } from './config/product-version.ts';
import { systemClock } from './core/clock.ts';
import { refusedGrants } from './core/effective-scopes.ts';
import { deriveKeys } from './crypto/derive-keys.ts';
import { translateDatabaseError } from './db/database-error.ts';
import { oneAtATime } from './db/one-at-a-time.ts';
import { exampleApi } from './example-api/example-api.ts';
import { knexExampleData } from './example-api/knex-example-data.ts';
import { countVerifications } from './http/count-verifications.ts';
import { openMetrics } from './http/metrics.ts';
import { metricsEndpoint } from './http/metrics-endpoint.ts';
import { observeRequests } from './http/observe-requests.ts';
import type { OpenApiDocument } from './http/open-api-document.ts';
import { readCookie } from './http/read-cookie.ts';
import { readRequestId } from './http/request-id.ts';
import { readBasicSecret } from './oauth/authenticate-client.ts';
import { credentialEndpoints } from './oauth/credential-endpoints.ts';
import { introspectionRequirement } from './oauth/decide-introspection.ts';
import { entriesOfGrant } from './oauth/grant.ts';
import { knexSigningKeyRepository } from './oauth/knex-signing-key-repository.ts';
import { loadSigningKeys } from './oauth/load-signing-keys.ts';
import { rotateSigningKeys } from './oauth/rotate-signing-keys.ts';
import { apiDocsPage } from './pages/api-docs.ts';
import { errorPages } from './pages/error-pages.ts';
import { pages } from './pages/pages.ts';
import { protocolErrorPage, protocolLogoutPage, protocolSignedOutPage } from './pages/protocol-pages.ts';
import { sessionCookie } from './pages/session-cookie.ts';
import { pgMemberWorkspaces, workspaceOf } from './workspaces/pg-member-workspaces.ts';

/** A wired server that does not listen yet. */
export interface ComposedServer {
  readonly server: Server;
  readonly installation: Installation;
  readonly issuer: string;
  /** What to show on the terminal; null but on the first start. */
  readonly welcome: string | null;
  /** Every route of the JSON API. */
  readonly apiRoutes: readonly AnyRoute[];
  /** What `/api/openapi.json` answers. */
  readonly apiDescription: OpenApiDocument;
  /** Answers 503 at `/readyz` from now on. */
  startDraining(): void;
  /** Looks at the signing keys now instead of within ten seconds. */
  refreshSigningKeys(): Promise<void>;
  /** Writes the record of use now instead of within a second. */
  flushUsage(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the installation of an environment and wires a server onto it; throws `ConfigurationError` where it must not start. */
export async function composeServer(environment: NodeJS.ProcessEnv, listeningPort: number): Promise<ComposedServer> {
  const installation = await openInstallation(readSettings(environment), {
    applicationName: 'latchkey server',
    migrate: true,
  });
  try {
    return await wire(installation, listeningPort);
  } catch (error) {
    await installation.database.close();
    throw error;
  }
}

async function wire(installation: Installation, listeningPort: number): Promise<ComposedServer> {
  const { config, catalog, secretKeys, log, database } = installation;
  const { knex, pool } = database;
  const issuer = await settleIssuer(installation, listeningPort);
  const production = isProduction({ nodeEnv: config.nodeEnv, issuer });
  const capabilities = composeCapabilities(installation, issuer);
  const welcome = await oneAtATime(database, 'first start', () =>
    startForTheFirstTime(capabilities.firstStart, {
      production,
      issuer,
      dataDir: config.dataDir,
      seedExamples: config.seedExamples,
    }),
  );

  const { people, workspaces, unit, trail } = capabilities;
  const signingKeys = auditedSigningKeys(trail, () => knexSigningKeyRepository(unit.current()));
  const sealingKeys = deriveKeys(secretKeys, 'sealing');
  refuseUnsafe(await knownFacts(installation, issuer, await loadSigningKeys(signingKeys, sealingKeys)), log);

  const cookieKeys = deriveKeys(secretKeys, 'cookies').map(({ key }) => key.toString('base64url'));
  const cookie = sessionCookie({ issuer, cookieDomain: config.cookieDomain });
  const memberWorkspaces = pgMemberWorkspaces(pool);
  const strangers = composeStrangers(installation);
  const { keyRing, verification, ...protocol } = await composeProtocol(installation, {
    issuer,
    refuseStrangersBeyondLimit: strangers.refuseBeyondLimit,
    hasher: capabilities.hasher,
    cookieKeys,
    pages: { error: protocolErrorPage, logout: protocolLogoutPage, signedOut: protocolSignedOutPage },
    findSession: async (request) => {
      const value = readCookie(request.headers.cookie, cookie.name);
      return value === null ? null : ((await people.resumeSession(value))?.session ?? null);
    },
    forgetCookie: cookie.clear,
    workspaceOf: workspaceOf(memberWorkspaces),
    workspaceName: async (id) => (await workspaces.find(id))?.name ?? null,
  });
  const metrics = openMetrics();
  metrics.watchUsage(verification.usageWaiting);
  const verify = countVerifications(verification.verify, metrics);
  const requests = composeRequests(installation, { issuer, cookieName: cookie.name, verify, strangers, metrics });
  const audit = composeAudit(installation, { trail, verify, addressOf: requests.addressOf });
  const mayGrant = (limits: Parameters<typeof refusedGrants>[1], entries: readonly string[]) =>
    refusedGrants(catalog, limits, entries);
  const sweeper = sweepInBackground(installation, metrics);
  let draining = false;
  const reportFailure = (error: unknown, requestId: string): void =>
    log.error({ error, request_id: requestId }, 'failed');

  const apiRoutes = guardFarReaching(
    capabilities,
    catalog,
  )([
    ...clientRoutes({ ...capabilities.clients, refusedGrants: mayGrant }),
    ...verifyRoutes({ verify }),
    ...scopeRoutes({ catalog, refusedGrants: mayGrant }),
    ...peopleRoutes({
      ...capabilities,
      catalog,
      refusedGrants: mayGrant,
      endAccess: async (userId, workspaceId) => {
        const within = workspaceId === null ? {} : { workspaceId };
        await protocol.grants.revoke({ userId, ...within }, workspaceId === null ? 'user disabled' : 'member removed');
      },
    }),
    ...appRoutes({
      listApps: protocol.grants.listApps,
      letOut: (userId, clientId) => protocol.grants.revoke({ userId, clientId }, 'the person let the app out'),
    }),
    ...signingKeyRoutes({
      signingKeys,
      rotate: rotateSigningKeys({ repository: signingKeys, sealingKeys, refresh: keyRing.refresh }),
    }),
    ...credentialRoutes({
      ...capabilities,
      findClient: capabilities.clients.clients.find,
      agreedScopes: async (...between) => entriesOfGrant((await protocol.grants.findLatest(...between))?.payload ?? {}),
    }),
    ...changeTokenRoutes({
      ...capabilities.credentials,
      catalog,
      findGrantor: capabilities.credentials.findTokenGrantor,
    }),
    ...composeUsage(installation, { ...capabilities, clients: capabilities.clients.clients }),
    ...audit.routes,
    ...administrationRoutes(installation, {
      findCredential: audit.find,
      credentials: capabilities.credentials.credentials,
      clients: capabilities.clients.clients,
      sessions: people.sessions,
      endLeakedToken: protocol.endLeakedToken,
      signingKeys,
      lastSweep: sweeper.lastRound,
      usageWaiting: verification.usageWaiting,
    }),
  ]);
  const apiDescription = openApiDocument(apiRoutes, {
    issuer,
    version: productVersion,
    sessionCookieName: cookie.name,
    scopes: Object.fromEntries(catalog.names.map((name) => [name, catalog.describe(name)?.description ?? ''])),
  });

  const listener = createListener({
    issuer,
    cookieKeys,
    translateError: translateDatabaseError,
    reportFailure,
    observe: observeRequests(log, metrics),
    health: { isDraining: () => draining, pingDatabase: () => pool.query('SELECT 1') },
    metrics: metricsEndpoint({ metrics, verify, openToAll: isLoopback(issuer) }),
    provider: protocol.mounted,
    apiRoutes,
    openApi: openApiEndpoint(apiDescription),
    apiDocs: apiDocsPage(apiDescription),
    verify: audit.notingCaller(requests.verify),
    addressOf: requests.addressOf,
    crossOrigin: requests.crossOrigin,
    xsrfCookie: requests.xsrfCookie,
    audit: audit.middleware,
    errorPages: errorPages({ issuer, translateError: translateDatabaseError, reportFailure }),
    authLogin: authLoginWith(capabilities.credentials, {
      signIn: people.signIn,
      workspaceOf: workspaceOf(memberWorkspaces),
      findWorkspace: workspaces.find,
      addressOf: requests.addressOf,
    }),
    pages: pages({
      issuer,
      exampleApi: config.seedExamples,
      cookieDomain: config.cookieDomain,
      statefulDomains: config.statefulDomains,
      csrfKeys: deriveKeys(secretKeys, 'csrf'),
      clientAddress: requests.addressOf,
      accounts: accountPort(people, {
        listWorkspacesOf: memberWorkspaces,
        revokeTokens: async (userId) => {
          await capabilities.credentials.credentials.revokeTokensOf(userId, 'password changed');
        },
      }),
      interactions: protocol.interactions,
      callApi: callRoute(apiRoutes, { verify: audit.notingCaller(requests.verify), addressOf: requests.addressOf }),
    }),
    isResourceServer: async (authorization) => {
      const secret = readBasicSecret(authorization);
      return secret !== null && (await protocol.authenticateClient(secret))?.resourceServer === true;
    },
    credentialEndpoints: credentialEndpoints({
      issuer,
      identify: protocol.identify,
      recognise: protocol.recognise,
      authenticateClient: protocol.authenticateClient,
      askToIntrospect: (context, credential) =>
        requests.verify({
          credential,
          requirement: introspectionRequirement,
          audience: null,
          cost: 0,
          request: context.req,
        }),
      revokeHeld: async ({ credential: { type, id } }) => {
        if (type !== 'api_key' && type !== 'personal_access_token') return;
        await capabilities.credentials.credentials.revoke(Number(id), 'revoked by whoever held it');
      },
    }),
    exampleApi: config.seedExamples ? exampleApi(requests.verify, knexExampleData(knex)) : null,
    verifyForProxies: verifyForProxies({
      verify: requests.verify,
      readSession: requests.readProxiedSession,
      clock: systemClock,
      requestId: readRequestId,
      onAnswer: (status, requestId, error) => {
        metrics.countVerify(status);
        if (error !== undefined) log.error({ error, request_id: requestId }, 'verification failed');
        else log.debug({ status, request_id: requestId }, 'verified');
      },
    }),
  });

  return {
    server: createServer({ requestTimeout: 30_000, headersTimeout: 15_000, maxHeaderSize: 16_384 }, listener),
    installation,
    issuer,
    welcome,
    apiRoutes,
    apiDescription,
    startDraining: () => {
      draining = true;
      void sweeper.stop();
    },
    refreshSigningKeys: keyRing.refresh,
    flushUsage: verification.flushUsage,
    close: () => Promise.all([keyRing.close(), sweeper.stop(), verification.close()]).then(() => database.close()),
  };
}

function isLoopback(issuer: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(issuer).hostname);
}
