import type { IncomingMessage } from 'node:http';
import { systemClock } from '../core/clock.ts';
import { anyAudience, type Verification } from '../core/verification.ts';
import { deriveKeys, type KeyRing } from '../crypto/derive-keys.ts';
import { open, seal } from '../crypto/seal.ts';
import type { SecretHasher } from '../crypto/secret-hasher.ts';
import { translateDatabaseError } from '../db/database-error.ts';
import { requestTransactions } from '../db/request-transaction.ts';
import { type AuthenticateClient, authenticateClient } from '../oauth/authenticate-client.ts';
import { createProvider } from '../oauth/create-provider.ts';
import { type EndLeakedToken, endLeakedToken } from '../oauth/end-leaked-token.ts';
import { loadExistingGrant } from '../oauth/existing-grant.ts';
import { findAccount } from '../oauth/find-account.ts';
import type { GrantRepository } from '../oauth/grant.ts';
import { interactions } from '../oauth/interactions.ts';
import type { Identify } from '../oauth/introspect.ts';
import { knexSigningKeyRepository } from '../oauth/knex-signing-key-repository.ts';
import { lifetimes } from '../oauth/lifetimes.ts';
import { matchLiveSecret } from '../oauth/match-live-secret.ts';
import { type MountedProvider, type MountProviderDeps, mountProvider } from '../oauth/mount-provider.ts';
import { pgActiveUser } from '../oauth/pg-active-user.ts';
import { type PayloadSeal, pgArtifactRepository } from '../oauth/pg-artifact-repository.ts';
import { pgClientMetadata } from '../oauth/pg-client-metadata.ts';
import { pgFindArtifacts } from '../oauth/pg-find-artifacts.ts';
import { pgFindLatestGrant } from '../oauth/pg-find-latest-grant.ts';
import { pgGrantRepository } from '../oauth/pg-grant-repository.ts';
import { pgRedeemArtifacts } from '../oauth/pg-redeem-artifacts.ts';
import { pgRevokeToken } from '../oauth/pg-revoke-token.ts';
import { pgSaveClientTokens } from '../oauth/pg-save-client-tokens.ts';
import type { ProtocolPages } from '../oauth/provider-configuration.ts';
import { logProviderEvents } from '../oauth/provider-events.ts';
import type { RequestSession } from '../oauth/request-session.ts';
import { openSigningKeyRing, type SigningKeyRing } from '../oauth/signing-key-ring.ts';
import { sayUnavailable } from '../oauth/temporarily-unavailable.ts';
import { userinfo } from '../oauth/userinfo.ts';
import { bufferUsage } from '../usage/buffer-usage.ts';
import { pgStoreUsage } from '../usage/pg-store-usage.ts';
import { type ReadAccessToken, readAccessToken } from '../verification/access-token-jwt.ts';
import { endedFamilyName, revokedTokenName } from '../verification/revoked-token-name.ts';
import type { VerifyInProcess } from '../verification/verify-credential.ts';
import { auditConsent, auditedFamilies, auditRevokedGrants } from './audited-repositories.ts';
import { openProtocolTrail } from './compose-audit.ts';
import { composeVerification, type WiredVerification } from './compose-verification.ts';
import type { Installation } from './open-installation.ts';

/** What the protocol needs of people and pages. */
export interface ProtocolDeps {
  readonly issuer: string;
  readonly cookieKeys: readonly string[];
  readonly hasher: Pick<SecretHasher, 'verifyKey'>;
  readonly pages: ProtocolPages;
  readonly findSession: (request: IncomingMessage) => Promise<RequestSession | null>;
  /** Counts a request without a session at the authorization endpoint; throws `TooManyRequests` beyond the limit. */
  readonly refuseStrangersBeyondLimit: (request: IncomingMessage) => void;
  readonly forgetCookie: (context: Parameters<MountProviderDeps['endSession']>[0]) => void;
  /** The workspace where somebody acts: the preferred one if they are a member of it, else their first; null without any. */
  readonly workspaceOf: (userId: number, preferred: number | null) => Promise<number | null>;
  readonly workspaceName: (id: number) => Promise<string | null>;
}

/** The protocol, wired. */
export interface Protocol {
  readonly keyRing: SigningKeyRing<ReturnType<typeof createProvider>>;
  readonly grants: GrantRepository;
  readonly verification: WiredVerification;
  readonly interactions: ReturnType<typeof interactions>;
  readonly mounted: MountedProvider;
  readonly identify: Identify;
  /** Like `identify`, and also for a whole credential that may not be used now. */
  readonly recognise: Identify;
  readonly authenticateClient: AuthenticateClient;
  readonly endLeakedToken: EndLeakedToken;
}

/** Wires OAuth and OpenID Connect, and the verification of what they issue. */
export async function composeProtocol(installation: Installation, deps: ProtocolDeps): Promise<Protocol> {
  const { catalog, secretKeys, log, database } = installation;
  const { pool, transactionPool } = database;
  const sealingKeys = deriveKeys(secretKeys, 'sealing');
  const transactions = requestTransactions(pool, transactionPool);
  const trail = openProtocolTrail(transactions, log);
  const onConsent = auditConsent(trail);
  const grants = pgGrantRepository(
    transactions,
    pgFindLatestGrant(transactions, pool, translateDatabaseError),
    translateDatabaseError,
    auditRevokedGrants(trail),
  );
  const artifacts = auditedFamilies(
    trail,
    pgArtifactRepository(
      transactions,
      payloadSeal(sealingKeys),
      {
        saveClientToken: pgSaveClientTokens(pool),
        // It may wait for somebody's lock, which the connections of verification must not.
        redeem: pgRedeemArtifacts(transactionPool, translateDatabaseError),
        find: pgFindArtifacts(transactions, pool, translateDatabaseError),
      },
      translateDatabaseError,
    ),
    grants.find,
  );
  const findClient = pgClientMetadata(pool, translateDatabaseError);
  const findActiveUser = pgActiveUser(transactions, translateDatabaseError);
  const usage = bufferUsage({
    store: pgStoreUsage(transactionPool),
    reportFailure: (error) => log.warn({ error }, 'a note in the background was not written'),
  });
  const matchSecret = matchLiveSecret(deriveKeys(secretKeys, 'pepper'), (secretId) =>
    usage.record({ meter: `client_secret:${secretId}`, allowed: true, scopes: [], address: '' }),
  );

  const keyRing = await openSigningKeyRing({
    repository: knexSigningKeyRepository(database.knex),
    sealingKeys,
    build: (signingKeys) => {
      const provider = createProvider(
        {
          issuer: deps.issuer,
          catalog,
          signingKeys,
          cookieKeys: deps.cookieKeys,
          storage: { artifacts, grants, findClient, endedFamilyName },
          findAccount: findAccount((id) => sayUnavailable(() => findActiveUser(id))),
          loadExistingGrant: loadExistingGrant({ catalog, grants, workspaceOf: deps.workspaceOf, onConsent }),
          pages: deps.pages,
        },
        matchSecret,
      );
      logProviderEvents(provider, log);
      return provider;
    },
    reportFailure: (error) => log.warn({ error }, 'the signing keys could not be read; the present ones stay'),
  });

  const readJwt = readAccessToken({ issuer: deps.issuer, publicKey: keyRing.publicKey, clock: systemClock });
  const verification = composeVerification({
    installation,
    issuer: deps.issuer,
    readAccessToken: readJwt,
    hasher: deps.hasher,
    usage,
  });
  const { verify } = verification;

  const openidScopes = async (token: string): Promise<{ scopes: string[]; origins: string[] } | null> => {
    const behind = await requestBehind(token, readJwt, artifacts);
    const grant = behind === null ? null : await grants.find(behind.grantId);
    const client = await findClient(String(grant?.payload.clientId ?? ''));
    if (behind === null || grant === null || client === null) return null;
    const agreed = openidScopesOf(grant.payload);
    const scopes = behind.openidScopes.filter((scope) => agreed.includes(scope));
    return { scopes, origins: originsOf(client.redirect_uris) };
  };

  const together = <Result>(work: () => Promise<Result>): Promise<Result> =>
    transactions.run(
      async () => {
        await transactions.begin();
        return work();
      },
      () => true,
    );
  const revokeToken = pgRevokeToken({
    transactions,
    artifacts,
    readJwt: async (token) => readJwt(token),
    revokedName: revokedTokenName,
    translateError: translateDatabaseError,
  });
  const identify = identifyWith(verify, ({ allowed }) => allowed);
  return {
    keyRing,
    grants,
    identify,
    recognise: identifyWith(verify, () => true),
    authenticateClient: authenticateClient(findClient, matchSecret),
    verification,
    interactions: interactions({
      current: keyRing.current,
      issuer: deps.issuer,
      catalog,
      grants,
      findSession: deps.findSession,
      workspaceName: deps.workspaceName,
      onConsent,
      together,
    }),
    endLeakedToken: endLeakedToken({
      artifacts,
      readJwt: async (token) => readJwt(token),
      revokeToken,
      endedFamilyName,
      accessTokenSeconds: lifetimes.AccessToken,
      onClientToken: (clientId) => trail.record({ action: 'client.token_ended', target: clientId }),
      together,
    }),
    mounted: mountProvider({
      current: keyRing.current,
      issuer: deps.issuer,
      catalog,
      artifacts,
      transactions,
      identify,
      revokeToken,
      userinfo: userinfo({ verify, findOpenidScopes: openidScopes, findActiveUser }),
      findSession: deps.findSession,
      refuseStrangersBeyondLimit: deps.refuseStrangersBeyondLimit,
      endSession: async (context, sessionId) => {
        await transactions.query({
          name: 'session-end',
          text: 'DELETE FROM sessions WHERE id = $1',
          values: [sessionId],
        });
        deps.forgetCookie(context);
      },
    }),
  };
}

function payloadSeal(keys: KeyRing): PayloadSeal {
  return {
    seal: (text, boundTo) => seal(keys, text, `artifact:${boundTo}`),
    open: (sealed, boundTo) => open(keys, sealed, `artifact:${boundTo}`)?.toString('utf8') ?? null,
  };
}

/** Asks the verification who a credential is, without a scope and for any resource; nothing is counted. */
function identifyWith(verify: VerifyInProcess, accepts: (verification: Verification) => boolean): Identify {
  return async (credential) => {
    // Whoever may introspect may also ask about the session that a page of ours handed them.
    const session = /^[A-Za-z0-9_-]{43}$/.test(credential) ? credential : null;
    const verification = await verify({
      credential: session === null ? credential : null,
      session,
      requirement: null,
      audience: anyAudience,
      cost: 0,
    });
    return accepts(verification) ? verification.principal : null;
  };
}

/** The grant of a user's access token, and the OpenID Connect scopes of the request that it came from; null for any other token. */
async function requestBehind(
  token: string,
  readJwt: ReadAccessToken,
  artifacts: ReturnType<typeof pgArtifactRepository>,
): Promise<{ readonly grantId: string; readonly openidScopes: readonly string[] } | null> {
  const claims = await readJwt(token);
  if (claims !== null) return claims.grantId === null ? null : { ...claims, grantId: claims.grantId };
  const payload = (await artifacts.find('AccessToken', token))?.payload;
  if (typeof payload?.grantId !== 'string') return null;
  const { extra } = payload;
  const said: unknown =
    typeof extra === 'object' && extra !== null && 'openid_scope' in extra ? extra.openid_scope : '';
  return { grantId: payload.grantId, openidScopes: typeof said === 'string' ? said.split(' ') : [] };
}

function openidScopesOf(payload: Readonly<Record<string, unknown>>): string[] {
  const openid = payload.openid;
  const scope: unknown = typeof openid === 'object' && openid !== null && 'scope' in openid ? openid.scope : '';
  return typeof scope === 'string' ? scope.split(' ') : [];
}

/** A scheme of its own has the origin `null`, which any sandboxed frame can claim. */
function originsOf(redirectUris: unknown): string[] {
  const uris: unknown[] = Array.isArray(redirectUris) ? redirectUris : [];
  const origins = uris.flatMap((uri) => (typeof uri === 'string' ? (URL.parse(uri)?.origin ?? []) : []));
  return origins.filter((origin) => origin !== 'null');
}
