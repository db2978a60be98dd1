import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { deriveKeys } from '../../../src/crypto/derive-keys.ts';
import { randomSecretKey } from '../../../src/crypto/random-token.ts';
import { needsRehash, secretHasher } from '../../../src/crypto/secret-hasher.ts';
import { translateDatabaseError } from '../../../src/db/database-error.ts';
import { type Database, openDatabase } from '../../../src/db/open-database.ts';
import { errorResponder } from '../../../src/http/error-responder.ts';
import { pinHost, refuseForeignHost } from '../../../src/http/pin-host.ts';
import { securityHeaders } from '../../../src/http/security-headers.ts';
import type { AccountPort, WorkspaceChoice } from '../../../src/pages/account-port.ts';
import { errorPages } from '../../../src/pages/error-pages.ts';
import { pages } from '../../../src/pages/pages.ts';
import { knexSessionRepository } from '../../../src/users/knex-session-repository.ts';
import { knexSignInAttempts } from '../../../src/users/knex-sign-in-attempts.ts';
import { knexUserRepository } from '../../../src/users/knex-user-repository.ts';
import { resumeSession } from '../../../src/users/resume-session.ts';
import type { SessionRepository } from '../../../src/users/session-repository.ts';
import { signIn } from '../../../src/users/sign-in.ts';
import { signInLimits } from '../../../src/users/sign-in-limits.ts';
import { reauthenticateSession, startSession } from '../../../src/users/start-session.ts';
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
  /** Links that work, by their token. */
  readonly links: Map<string, { readonly email: string; readonly purpose: 'invitation' | 'forgotten_password' }>;
  /** Addresses for which a link was asked. */
  readonly asked: string[];
  /** Every failure that was reported. */
  readonly failures: unknown[];
  /** Makes somebody; `mustChange` as if the password had been generated. */
  person(email: string, options?: { readonly name?: string; readonly mustChange?: boolean }): Promise<User>;
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
    links: new Map<string, { email: string; purpose: 'invitation' | 'forgotten_password' }>(),
    asked: [] as string[],
    failures: [] as unknown[],
  };
  const { accounts, sessions, person } = people(database, state);

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
      cookieDomain: options.cookieDomain,
      statefulDomains: ['app.example:5173'],
      csrfKeys: deriveKeys(['a secret key of the test that is long enough'], 'csrf'),
      clientAddress: (request) => request.socket.remoteAddress ?? '',
      accounts: { ...accounts, ...options.changes },
      interactions: state.interactions,
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
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  };
}

function people(
  { knex }: Database,
  state: Pick<PagesServer, 'links' | 'asked' | 'workspaces'>,
): { accounts: AccountPort; sessions: SessionRepository; person: PagesServer['person'] } {
  const users = knexUserRepository(() => knex);
  const sessions = knexSessionRepository(() => knex);
  const hasher = secretHasher();
  const sessionDeps = { sessions, generateCookieValue: randomSecretKey };
  const accounts: AccountPort = {
    resumeSession: resumeSession({ sessions }),
    endSession: async (id) => void (await sessions.end(id)),
    signIn: signIn({
      users,
      attempts: knexSignInAttempts(() => knex, 'sign-in', signInLimits),
      verifyPassword: hasher.verifyPassword,
      hashPassword: hasher.hashPassword,
      needsRehash,
    }),
    startSession: startSession(sessionDeps),
    reauthenticateSession: reauthenticateSession(sessionDeps),
    requestPasswordLink: async ({ email }) => {
      state.asked.push(email);
      return email.startsWith('flooded') ? { kind: 'throttled', retryAfterSeconds: 700 } : null;
    },
    findPasswordLink: async (token) => state.links.get(token) ?? null,
    usePasswordLink: async (token, password) => {
      if (password === 'password') {
        return { kind: 'unacceptable', sentences: ['This password is one of the most common ones.'] };
      }
      return state.links.delete(token) ? { kind: 'changed' } : { kind: 'gone' };
    },
    changePassword: async ({ currentPassword, password }) => {
      if (currentPassword !== passwordOfAll) return { kind: 'wrong-password' };
      if (password === 'password') {
        return { kind: 'unacceptable', sentences: ['This password is one of the most common ones.'] };
      }
      return { kind: 'changed' };
    },
    listWorkspacesOf: async () => state.workspaces,
  };
  let hash: Promise<string> | undefined;
  return {
    accounts,
    sessions,
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
