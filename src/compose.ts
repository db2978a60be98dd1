import { createServer, type Server } from 'node:http';
import { clientRoutes } from './api/clients.ts';
import { scopeRoutes } from './api/scopes.ts';
import { signingKeyRoutes } from './api/signing-keys.ts';
import { verifyForProxies } from './api/verify-for-proxies.ts';
import { createListener } from './app.ts';
import type { Maintenance } from './cli/maintenance.ts';
import { addClientSecret } from './clients/add-client-secret.ts';
import { changeClient } from './clients/change-client.ts';
import { knexClientRepository } from './clients/knex-client-repository.ts';
import { clientSweeps } from './clients/pg-client-sweep.ts';
import { registerClient } from './clients/register-client.ts';
import { accountPort, composePeople, logOutbox, type People, peopleRoutes } from './compose-people.ts';
import { composeProtocol } from './compose-protocol.ts';
import { composeRequests } from './compose-requests.ts';
import type { ConfigFacts } from './config/config-facts.ts';
import { isProduction } from './config/environment.ts';
import { systemClock } from './core/clock.ts';
import { refusedGrants } from './core/effective-scopes.ts';
import { generateClientSecret, hashClientSecret } from './crypto/client-secret.ts';
import { deriveKeys } from './crypto/derive-keys.ts';
import { randomToken } from './crypto/random-token.ts';
import { type SecretHasher, secretHasher } from './crypto/secret-hasher.ts';
import { translateDatabaseError } from './db/database-error.ts';
import { migrateToLatest, migrationStatus } from './db/migrate.ts';
import { oneAtATime } from './db/one-at-a-time.ts';
import { maintenanceTimeouts } from './db/open-database.ts';
import { runSweeps, type Sweep } from './db/run-sweeps.ts';
import { startSweeper } from './db/sweeper.ts';
import { createUnitOfWork, type UnitOfWork } from './db/transaction.ts';
import { exampleApi } from './example-api/example-api.ts';
import { knexPostRepository } from './example-api/knex-post-repository.ts';
import { type FirstStartDeps, makeAdministrator, startForTheFirstTime } from './first-start.ts';
import { openMetrics } from './http/metrics.ts';
import { metricsEndpoint } from './http/metrics-endpoint.ts';
import { observeRequests } from './http/observe-requests.ts';
import { readCookie } from './http/read-cookie.ts';
import { requestIdOf } from './http/request-id.ts';
import { knexSigningKeyRepository } from './oauth/knex-signing-key-repository.ts';
import { loadSigningKeys } from './oauth/load-signing-keys.ts';
import { oauthSweeps } from './oauth/pg-artifact-sweep.ts';
import { providerFacts } from './oauth/provider-facts.ts';
import { rotateSigningKeys } from './oauth/rotate-signing-keys.ts';
import type { PrivateJwk } from './oauth/signing-key.ts';
import { type Installation, openInstallation, readSettings, refuseUnsafe, settleIssuer } from './open-installation.ts';
import { errorPages } from './pages/error-pages.ts';
import { pages } from './pages/pages.ts';
import { protocolErrorPage, protocolLogoutPage, protocolSignedOutPage } from './pages/protocol-pages.ts';
import { sessionCookie } from './pages/session-cookie.ts';
import type { Outbox } from './users/one-time-link.ts';
import { userSweeps } from './users/pg-user-sweep.ts';
import { knexWorkspaceRepository } from './workspaces/knex-workspace-repository.ts';
import { pgMemberWorkspaces, workspaceOf } from './workspaces/pg-member-workspaces.ts';
import type { WorkspaceRepository } from './workspaces/workspace-repository.ts';

/** A wired server that does not listen yet. */
export interface ComposedServer {
  readonly server: Server;
  readonly installation: Installation;
  readonly issuer: string;
  /** What to show on the terminal; null but on the first start. */
  readonly welcome: string | null;
  /** Answers 503 at `/readyz` from now on. */
  startDraining(): void;
  /** Looks at the signing keys now instead of within ten seconds. */
  refreshSigningKeys(): Promise<void>;
  /** Writes the record of use now instead of within a second. */
  flushUsage(): Promise<void>;
  close(): Promise<void>;
}

/** What the sweeper and `latchkey prune` delete; whoever owns a table adds to it here. */
const sweeps: readonly Sweep[] = [...oauthSweeps, ...clientSweeps, ...userSweeps];

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
  const capabilities = wireCapabilities(installation, issuer);
  const welcome = await oneAtATime(database, 'first start', () =>
    startForTheFirstTime(capabilities.firstStart, {
      production,
      issuer,
      dataDir: config.dataDir,
      seedExamples: config.seedExamples,
    }),
  );

  const signingKeys = knexSigningKeyRepository(knex);
  const sealingKeys = deriveKeys(secretKeys, 'sealing');
  refuseUnsafe(await knownFacts(installation, issuer, await loadSigningKeys(signingKeys, sealingKeys)), log);

  const cookieKeys = deriveKeys(secretKeys, 'cookies').map(({ key }) => key.toString('base64url'));
  const cookie = sessionCookie({ issuer, cookieDomain: config.cookieDomain });
  const { people, workspaces } = capabilities;
  const memberWorkspaces = pgMemberWorkspaces(pool);
  const { keyRing, verification, ...protocol } = await composeProtocol(installation, {
    issuer,
    hasher: capabilities.hasher,
    cookieKeys,
    pages: { error: protocolErrorPage, logout: protocolLogoutPage, signedOut: protocolSignedOutPage },
    findActiveUser: async (id) => {
      const user = await people.users.find(id);
      return user?.disabledAt === null ? user : null;
    },
    findSession: async (request) => {
      const value = readCookie(request.headers.cookie, cookie.name);
      return value === null ? null : ((await people.resumeSession(value))?.session ?? null);
    },
    forgetCookie: cookie.clear,
    workspaceOf: workspaceOf(memberWorkspaces),
    workspaceName: async (id) => (await workspaces.find(id))?.name ?? null,
  });
  const { verify } = verification;
  const requests = composeRequests(installation, { issuer, cookieName: cookie.name, verify });
  const metrics = openMetrics();
  const mayGrant = (limits: Parameters<typeof refusedGrants>[1], entries: readonly string[]) =>
    refusedGrants(catalog, limits, entries);
  let draining = false;
  const reportFailure = (error: unknown, requestId: string): void =>
    log.error({ error, request_id: requestId }, 'failed');

  const listener = createListener({
    issuer,
    cookieKeys,
    translateError: translateDatabaseError,
    reportFailure,
    observe: observeRequests(log, metrics),
    health: { isDraining: () => draining, pingDatabase: () => pool.query('SELECT 1') },
    metrics: metricsEndpoint({ metrics, verify, openToAll: isLoopback(issuer) }),
    provider: protocol.middleware,
    apiRoutes: [
      ...clientRoutes({ ...capabilities.clients, refusedGrants: mayGrant }),
      ...scopeRoutes({ catalog, refusedGrants: mayGrant }),
      ...peopleRoutes({
        ...capabilities,
        catalog,
        refusedGrants: mayGrant,
        endAccess: async (userId, workspaceId) => {
          const within = workspaceId === null ? {} : { workspaceId };
          await protocol.grants.revoke(
            { userId, ...within },
            workspaceId === null ? 'user disabled' : 'member removed',
          );
        },
      }),
      ...signingKeyRoutes({
        signingKeys,
        rotate: rotateSigningKeys({ repository: signingKeys, sealingKeys, refresh: keyRing.refresh }),
      }),
    ],
    verify: requests.verify,
    addressOf: requests.addressOf,
    crossOrigin: requests.crossOrigin,
    xsrfCookie: requests.xsrfCookie,
    errorPages: errorPages({ issuer, translateError: translateDatabaseError, reportFailure }),
    pages: pages({
      issuer,
      cookieDomain: config.cookieDomain,
      statefulDomains: config.statefulDomains,
      csrfKeys: deriveKeys(secretKeys, 'csrf'),
      clientAddress: requests.addressOf,
      accounts: accountPort(people, memberWorkspaces),
      interactions: protocol.interactions,
    }),
    exampleApi: config.seedExamples ? exampleApi(requests.verify, knexPostRepository(knex)) : null,
    verifyForProxies: verifyForProxies({
      verify: requests.verify,
      readSession: requests.readProxiedSession,
      clock: systemClock,
      requestId: requestIdOf,
      onAnswer: (status, requestId, error) => {
        metrics.countVerify(status);
        if (error !== undefined) log.error({ error, request_id: requestId }, 'verification failed');
        else log.debug({ status, request_id: requestId }, 'verified');
      },
    }),
  });

  const sweeper = startSweeper({
    databaseUrl: database.databaseUrl,
    sweeps,
    onSwept: (rows) => log.debug({ rows }, 'swept'),
    reportFailure: (error, table) => log.warn({ error, table }, 'sweeping failed'),
  });
  return {
    server: createServer({ requestTimeout: 30_000, headersTimeout: 15_000, maxHeaderSize: 16_384 }, listener),
    installation,
    issuer,
    welcome,
    startDraining: () => {
      draining = true;
      void sweeper.stop();
    },
    refreshSigningKeys: keyRing.refresh,
    flushUsage: verification.flushUsage,
    close: () => Promise.all([keyRing.close(), sweeper.stop(), verification.close()]).then(() => database.close()),
  };
}

function wireCapabilities(
  { catalog, secretKeys, database, log }: Installation,
  issuer: string,
  outbox: Outbox = logOutbox(log),
): {
  readonly hasher: SecretHasher;
  readonly unit: UnitOfWork;
  readonly people: People;
  readonly workspaces: WorkspaceRepository;
  readonly firstStart: FirstStartDeps;
  readonly clients: Omit<Parameters<typeof clientRoutes>[0], 'refusedGrants'>;
} {
  const clients = knexClientRepository(database.knex);
  const unit = createUnitOfWork(database.knex);
  const workspaces = knexWorkspaceRepository(unit.current);
  const hasher = secretHasher();
  const people = composePeople({ unit, hasher, issuer, outbox });
  const peppers = deriveKeys(secretKeys, 'pepper');
  const scopeFaults = (entries: readonly string[]): readonly string[] =>
    catalog.validateGrantable(entries).map(({ message }) => message);
  const generateSecret = (): { value: string; stored: { secretHash: string; hint: string } } => {
    const value = generateClientSecret();
    return { value, stored: { secretHash: hashClientSecret(value, peppers), hint: value.slice(-4) } };
  };
  const register = registerClient({
    clients,
    workspaceExists: async (id) => (await workspaces.find(id)) !== null,
    generateClientId: () => `client_${randomToken(20)}`,
    generateSecret,
    scopeFaults,
  });
  return {
    hasher,
    unit,
    people,
    workspaces,
    firstStart: {
      users: people.users,
      workspaces,
      posts: knexPostRepository(database.knex),
      register,
      hashPassword: hasher.hashPassword,
      generatePassword: () => randomToken(20),
      createLink: people.createOneTimeLink,
    },
    clients: {
      clients,
      register,
      change: changeClient({ clients, scopeFaults }),
      addSecret: addClientSecret({ clients, generateSecret, clock: systemClock }),
      scopeFaults,
    },
  };
}

/** Everything the last check before listening rests on. */
async function knownFacts(
  installation: Installation,
  issuer: string,
  signingKeys: readonly PrivateJwk[],
): Promise<ConfigFacts> {
  const { database } = installation;
  const workspaces = knexWorkspaceRepository(() => database.knex);
  const clients = await knexClientRepository(database.knex).list({ workspaceId: null, limit: 50, after: null });
  const { rows } = await database.pool.query<{ superuser: boolean }>(
    'SELECT usesuper AS superuser FROM pg_user WHERE usename = current_user',
  );
  return {
    ...installation.facts,
    issuer,
    ...providerFacts(issuer, signingKeys),
    database: {
      reachable: true,
      superuser: rows[0]?.superuser ?? false,
      pendingMigrations: (await migrationStatus(database.knex)).pending,
      migratesAtStart: true,
      unknownMigrations: [],
    },
    content: {
      administratorExists: await workspaces.hasMemberWithRole(['owner', 'admin']),
      bootstrapPending: false,
      bootstrapTokenInEnvironment: false,
      examples: clients
        .filter(({ clientName }) => clientName.startsWith('Example'))
        .map(({ clientName }) => `client ${clientName}`),
    },
  };
}

function isLoopback(issuer: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(issuer).hostname);
}

/** Opens the database for a command that works on it without a server. */
export async function openForMaintenance(environment: NodeJS.ProcessEnv): Promise<Maintenance> {
  const installation = await openInstallation(readSettings(environment), {
    applicationName: 'latchkey command',
    timeouts: maintenanceTimeouts,
    migrate: false,
  });
  const { database } = installation;
  const migrate = async (): Promise<string[]> => [...(await migrateToLatest({ databaseUrl: database.databaseUrl }))];
  return {
    migrate,
    status: async () => {
      const { applied, pending } = await migrationStatus(database.knex);
      return { applied: [...applied], pending: [...pending] };
    },
    prune: async () => {
      await migrate();
      return runSweeps(database.pool, sweeps);
    },
    bootstrap: async ({ email, name }) => {
      await migrate();
      const issuer = await settleIssuer(installation, installation.config.port);
      // The link goes to the terminal, and to nobody else.
      const { firstStart } = wireCapabilities(installation, issuer, { sendLink: () => {} });
      return makeAdministrator(firstStart, { email, name: name ?? '' });
    },
    close: () => database.close(),
  };
}
