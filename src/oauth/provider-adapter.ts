import { isDeepStrictEqual } from 'node:util';
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { sha256Base64url } from '../crypto/digest.ts';
import type { GrantRepository } from './grant.ts';
import { lifetimes } from './lifetimes.ts';
import type { FindClientMetadata } from './pg-client-metadata.ts';
import {
  type ArtifactModel,
  type ArtifactRepository,
  type StoredArtifact,
  tokenPrefixes,
} from './protocol-artifact.ts';
import { alreadyUsed, redemptionUnderWay } from './redemption.ts';
import {
  endPresentedFamily,
  failAgain,
  forgetGrant,
  notedGrant,
  notedProtocolSession,
  noteGrant,
  notePresentedFamily,
  noteProtocolSession,
  noteUser,
  presentedFamily,
  requestSession,
} from './request-session.ts';
import { sayUnavailable } from './temporarily-unavailable.ts';

/** What the provider's storage is made of. */
export interface ProviderStorage {
  readonly artifacts: ArtifactRepository;
  readonly grants: GrantRepository;
  readonly findClient: FindClientMetadata;
  /** The name under which the verification looks for an ended family of tokens. */
  readonly endedFamilyName: (family: string) => string;
}

const STORED_MODELS: ReadonlySet<string> = new Set<ArtifactModel>([
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'Interaction',
  'PushedAuthorizationRequest',
  'RefreshToken',
  'ReplayDetection',
  'Session',
]);

function isArtifactModel(name: string): name is ArtifactModel {
  return STORED_MODELS.has(name);
}

/** Builds the provider's adapter factory: one adapter a model. */
export function providerAdapter(storage: ProviderStorage): (name: string) => Adapter {
  return (name) => {
    if (name === 'Client') return clientAdapter(storage.findClient);
    if (name === 'Grant') return grantAdapter(storage.grants);
    if (isArtifactModel(name)) return artifactAdapter(name, storage);
    return unusedAdapter(name);
  };
}

function artifactAdapter(model: ArtifactModel, { artifacts, endedFamilyName }: ProviderStorage): Adapter {
  const prefix: string = Object.entries(tokenPrefixes).find(([name]) => name === model)?.[1] ?? '';
  return {
    upsert: (id, payload, expiresIn: number | undefined) =>
      sayUnavailable(async () => {
        failAgain(model);
        if (expiresIn === undefined) throw new Error(`an artifact of the model ${model} has no lifetime`);
        // The value is its own identifier: it is hashed as the key and kept out of the payload.
        const { jti: _value, ...rest } = payload;
        refuseNul(rest);
        const sessionId = sessionOf(model, rest.accountId);
        if (sessionId === 'none') return;
        if (model === 'Session' && isAsStored(id, payload, sessionId)) return;
        const uid = model === 'Session' ? (payload.uid ?? null) : null;
        const family = familyOf(model, id);
        const artifact = { model, id, payload: rest, lifetimeSeconds: expiresIn, uid, sessionId, family };
        const redemption = redemptionUnderWay();
        if (redemption !== null && redemption.redeemed !== null) return void redemption.artifacts.push(artifact);
        if (!(await artifacts.save(artifact))) throw new errors.InvalidGrant('grant is revoked');
      }),

    find: (id) =>
      sayUnavailable(async () => {
        if (!id.startsWith(prefix)) return undefined;
        const stored = await artifacts.find(model, id);
        if (stored !== null) notePresented(model, id, stored);
        return toPayload(id, stored);
      }),

    findByUid: (uid) =>
      sayUnavailable(async () => {
        const stored = await artifacts.findByUid(model, uid);
        return stored === null ? undefined : toPayload(String(stored.payload.jti), stored);
      }),

    consume: (id) =>
      sayUnavailable(async () => {
        const redemption = FAMILY_SOURCES.has(model) ? redemptionUnderWay() : null;
        if (redemption !== null && redemption.usedBefore !== id) {
          redemption.redeemed = { model, id };
          return;
        }
        // The provider checks and then consumes; only the first of two parallel requests gets through here.
        if (redemption !== null || !(await artifacts.consume(model, id))) throw alreadyUsed({ model, id });
      }),

    destroy: (id) => sayUnavailable(() => artifacts.delete(model, id)),
    // Asked for each model; a family goes as a whole.
    revokeByGrantId: (grantId) =>
      sayUnavailable(() =>
        endPresentedFamily(async (family) => {
          await artifacts.endFamily(grantId, family);
          // Its JWTs are stored nowhere, and have expired before this is forgotten.
          if (family !== null) await artifacts.remember(endedFamilyName(family), lifetimes.AccessToken + 60);
        }),
      ),
    findByUserCode: () => Promise.resolve(undefined),
  };
}

const FAMILY_SOURCES: ReadonlySet<string> = new Set<ArtifactModel>(['AuthorizationCode', 'RefreshToken']);

/** Keeps what was read along for the rest of this request, which asks for it next. */
function notePresented(model: ArtifactModel, id: string, stored: StoredArtifact): void {
  const { family, grant, user, repeatable, payload } = stored;
  if (user !== null) noteUser(user);
  if (model === 'Session') noteProtocolSession(id, stored);
  if (!FAMILY_SOURCES.has(model)) return;
  notePresentedFamily(family);
  if (typeof payload.grantId === 'string') noteGrant(payload.grantId, grant);
  const redemption = redemptionUnderWay();
  if (redemption !== null && repeatable) redemption.usedBefore = id;
}

/** A code begins a family, and what is issued for it or for a refresh token carries it on. */
function familyOf(model: ArtifactModel, id: string): string | null {
  if (model === 'AuthorizationCode') return sha256Base64url(`family\n${id}`);
  return model === 'AccessToken' || model === 'RefreshToken' ? presentedFamily() : null;
}

/**
 * Ours is the only session: the provider's is stored for a user only while ours is live for the same user, and hangs on
 * it. 'none' means that there is nothing to hang it on, so it is not stored and the next request asks for a sign-in.
 */
function sessionOf(model: ArtifactModel, accountId: string | undefined): number | null | 'none' {
  if (model !== 'Session' || accountId === undefined) return null;
  const ours = requestSession();
  return ours !== null && String(ours.userId) === accountId ? ours.id : 'none';
}

/** The end of the library's session is exact to an hour of its thirty days, so that asking for a code does not write it each time. */
const SESSION_RENEWED_SECONDS = 3600;

/** Tells whether a session would be stored as this request read it, but for an end that is a little later. */
function isAsStored(id: string, { exp = 0, ...payload }: AdapterPayload, sessionId: number | null): boolean {
  const stored = notedProtocolSession(id);
  if (stored === null || stored.sessionId !== sessionId) return false;
  const { exp: storedEnd, ...before } = stored.payload;
  if (typeof storedEnd !== 'number' || storedEnd > exp || storedEnd < exp - SESSION_RENEWED_SECONDS) return false;
  return isDeepStrictEqual({ ...before, jti: id }, { ...payload, jti: id });
}

/** PostgreSQL has no NUL in text: it would be a failure of ours instead of a refusal of theirs. */
function refuseNul(payload: object): void {
  if (JSON.stringify(payload).includes('\\u0000')) throw new errors.InvalidRequest('NUL characters are not accepted');
}

/** A consumed refresh token that may be answered again looks unused, so that the library checks everything else first. */
function toPayload(id: string, stored: StoredArtifact | null): AdapterPayload | undefined {
  if (stored === null) return undefined;
  const consumed = stored.repeatable ? null : stored.consumedAtSeconds;
  return { ...stored.payload, jti: id, ...(consumed !== null && { consumed }) };
}

function grantAdapter(grants: GrantRepository): Adapter {
  return {
    ...unusedAdapter('Grant'),
    upsert: (id, payload, expiresIn: number | undefined) =>
      sayUnavailable(() => {
        if (expiresIn === undefined) throw new Error('a grant has no lifetime');
        const { jti: _id, ...rest } = payload;
        forgetGrant(id);
        return grants.save(id, rest, expiresIn);
      }),
    find: (id) =>
      sayUnavailable(async () => {
        const noted = notedGrant(id);
        const grant = noted === undefined ? await grants.find(id) : noted;
        return grant === null ? undefined : { ...grant.payload, jti: id };
      }),
    destroy: (id) =>
      sayUnavailable(() => {
        forgetGrant(id);
        return grants.revokeById(id, 'revoked');
      }),
  };
}

function clientAdapter(findClient: FindClientMetadata): Adapter {
  return {
    ...unusedAdapter('Client'),
    find: (id) =>
      sayUnavailable(async () => {
        failAgain('Client');
        return id.includes('\0') ? undefined : ((await findClient(id)) ?? undefined);
      }),
  };
}

/** For models of features that are off; being called is a fault of the configuration and must be seen. */
function unusedAdapter(name: string): Adapter {
  const refuse = (): Promise<never> => Promise.reject(new Error(`nothing is stored for the model ${name}`));
  return {
    upsert: refuse,
    find: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
    findByUid: refuse,
    findByUserCode: refuse,
  };
}
