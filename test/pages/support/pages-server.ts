import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';
import { needsRehash, secretHasher } from '../../../src/crypto/secret-hasher.ts';
import { translateDatabaseError } from '../../../src/db/database-error.ts';
import { type Database, openDatabase } from '../../../src/db/open-database.ts';
import { createUnitOfWork } from '../../../src/db/transaction.ts';
import { errorResponder } from '../../../src/http/error-responder.ts';
import { pinHost, refuseForeignHost } from '../../../src/http/pin-host.ts';
import { securityHeaders } from '../../../src/http/security-headers.ts';
import type { AccountPort, WorkspaceChoice } from '../../../src/pages/account-port.ts';
import { errorPages } from '../../../src/pages/error-pages.ts';
import { pages } from '../../../src/pages/pages.ts';
import { changePassword, confirmPassword } from '../../../src/users/change-password.ts';
import { createOneTimeLink, requestPasswordLink } from '../../../src/users/create-one-time-link.ts';
import { knexOneTimeLinkRepository } from '../../../src/users/knex-one-time-link-repository.ts';
import { knexSessionRepository } from '../../../src/users/knex-session-repository.ts';
import { knexSignInAttempts } from '../../../src/users/knex-sign-in-attempts.ts';
import { knexUserRepository } from '../../../src/users/knex-user-repository.ts';
import type { OneTimeLink } from '../../../src/users/one-time-link.ts';
import { passwordPolicy } from '../../../src/users/password-policy.ts';
import { pgFindLiveSession } from '../../../src/users/pg-find-live-session.ts';
import { resumeSession } from '../../../src/users/resume-session.ts';
import type { SessionRepository } from '../../../src/users/session-repository.ts';
import { signIn } from '../../../src/users/sign-in.ts';
import { linkRequestLimits, signInLimits } from '../../../src/users/sign-in-limits.ts';
import { reauthenticateSession, startSession } from '../../../src/users/start-session.ts';
import { peekOneTimeLink, useOneTimeLink } from '../../../src/users/use-one-time-link.ts';
import type { User } from '../../../src/users/user.ts';
import { freshDatabase } from '../../support/test-database.ts';
import { type StandInInteractions, standInInteractions } from './stand-in-interactions.ts';

/** A server of pages alone: real people and sessions in a real database, authorization requests that the test makes up. */
export interface PagesServer {
  readonly url: string;
  readonly database: Database;
  readonly sessions: SessionRepository;
  readonly interactions: StandInInteractions;
  /** What the consent page offers; the test may change it. */
  readonly workspaces: WorkspaceChoice[];
  /** Links that were sent, the newest last. */
  readonly outbox: { readonly email: string; readonly link: OneTimeLink }[];
  /** Every failure that was reported. */
  readonly failures: unknown[];
  /** Makes somebody; `mustChange` as if the password had been generated. */
  person(email: string, options?: { readonly name?: string; readonly mustChange?: boolean }): Promise<User>;
  /** Makes a link for somebody and gives its path. */
  linkFor(email: string): Promise<string>;
  stop(): Promise<void>;
}

/** The password of everybody that `person` makes. */
export const passwordOfAll = 'correct horse battery staple';

/** Starts the server on a free port of `localhost`; `issuer` overrides what it takes for its own origin. */
export async function startPagesServer(
  options: { readonly issuer?: string; readonly cookieDomain?: string; readonly changes?: Partial<AccountPort> } = {},
): Promise<PagesServer> {
  const database = openDatabase({ databaseUrl: await freshDatabase(), poolSize: 8 });
  const server = createServer();
  const url = `http://localhost:${await listen(server)}`;
  const issuer = options.issuer ?? url;
  const state = {
    interactions: standInInteractions(),
    workspaces: [{ id: 1, name: 'Northwind', role: 'owner' }] as WorkspaceChoice[],
    outbox: [] as { readonly email: string; readonly link: OneTimeLink }[],
    failures: [] as unknown[],
  };
  const { accounts, sessions, person, linkFor } = people(database, issuer, state);

  const app = new Koa({ keys: ['test'] });
  pinHost(app, issuer);
  app.silent = true;
  app.use(securityHeaders(issuer));
  app.use(errorResponder(translateDatabaseError, (error) => state.failures.push(error)));
  app.use(
    errorPages({
      issuer,
      translateError: translateDatabaseError,
      reportFailure: (error) => state.failures.push(error),
    }),
  );
  app.use(refuseForeignHost(options.issuer === undefined ? issuer : url, () => false));
  app.use(
    pages({
      issuer,
      exampleApi: false,
      cookieDomain: options.cookieDomain,
      statefulDomains: ['app.example:5173'],
      csrfKeys: deriveKeys(['a secret key of the test that is long enough'], 'csrf'),
      clientAddress: (request) => request.socket.remoteAddress ?? '',
      accounts: { ...accounts, ...options.changes },
      interactions: state.interactions,
      callApi: async ({ method, path }) => {
        if (`${method} ${path}` !== 'GET /api/me') throw new Error(`this server has no API: ${method} ${path}`);
        return { credential: { scopes: [], workspace_id: state.workspaces[0]?.id ?? null } };
      },
    }),
  );
  const handle = app.callback();
  server.on('request', (request, response) => void handle(request, response));

  return {
    url,
    database,
    sessions,
    ...state,
    person,
    linkFor,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  };
}

function people(
  database: Database,
  issuer: string,
  state: Pick<PagesServer, 'outbox' | 'workspaces'>,
): Pick<PagesServer, 'sessions' | 'person' | 'linkFor'> & { readonly accounts: AccountPort } {
  const { current: knex, run: together } = createUnitOfWork(database.knex);
  const users = knexUserRepository(knex);
  const sessions = knexSessionRepository(knex);
  const links = knexOneTimeLinkRepository(knex);
  const attempts = knexSignInAttempts(knex, 'sign-in', signInLimits);
  const hasher = secretHasher();
  const sessionDeps = { sessions, generateCookieValue: randomSecretKey };
  const passwords = { ...hasher, passwordFaults: passwordPolicy({ productName: 'Latchkey', issuer }) };
  const create = createOneTimeLink({
    links,
    outbox: { sendLink: (message) => void state.outbox.push(message) },
    generateToken: randomSecretKey,
    issuer,
  });
  const accounts: AccountPort = {
    resumeSession: resumeSession(pgFindLiveSession(database.pool, translateDatabaseError)),
    endSession: async (id) => void (await sessions.end(id)),
    signIn: signIn({
      users,
      attempts,
      verifyPassword: hasher.verifyPassword,
      hashPassword: hasher.hashPassword,
      needsRehash,
    }),
    startSession: startSession(sessionDeps),
    reauthenticateSession: reauthenticateSession(sessionDeps),
    requestPasswordLink: requestPasswordLink({
      create,
      attempts: knexSignInAttempts(knex, 'link-request', linkRequestLimits),
    }),
    peekOneTimeLink: peekOneTimeLink({ links }),
    useOneTimeLink: useOneTimeLink({ ...passwords, users, links, sessions, together }),
    changePassword: changePassword({ ...passwords, users, links, sessions, attempts, together }),
    confirmPassword: confirmPassword({ ...passwords, users, attempts }),
    revokeTokens: async () => {},
    listWorkspacesOf: async () => state.workspaces,
  };
  let hash: Promise<string> | undefined;
  return {
    accounts,
    sessions,
    async linkFor(email) {
      const link = await create({ email, purpose: 'forgotten_password' });
      if (link === null) throw new Error(`there is no ${email}`);
      return new URL(link.url).pathname;
    },
    async person(email, { name = '', mustChange = false } = {}) {
      hash ??= hasher.hashPassword(passwordOfAll);
      const user = await users.insert({ email, name, passwordHash: await hash, mustChangePassword: mustChange });
      if (user === null) throw new Error(`${email} exists`);
      return user;
    },
  };
}

/** Listens on a free port of this machine alone. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
