import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { FindClientMetadata } from './pg-client-metadata.ts';
import {
  type ArtifactModel,
  type ArtifactPayload,
  type ArtifactRepository,
  tokenPrefixes,
} from './protocol-artifact.ts';
import { sayUnavailable } from './temporarily-unavailable.ts';

/** What the provider's storage is made of. */
export interface ProviderStorage {
  readonly artifacts: ArtifactRepository;
  readonly findClient: FindClientMetadata;
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
    if (isArtifactModel(name)) return artifactAdapter(name, storage.artifacts);
    return unusedAdapter(name);
  };
}

function artifactAdapter(model: ArtifactModel, artifacts: ArtifactRepository): Adapter {
  const prefix: string = Object.entries(tokenPrefixes).find(([name]) => name === model)?.[1] ?? '';
  return {
    upsert: (id, payload, expiresIn: number | undefined) =>
      sayUnavailable(async () => {
        // The value is its own identifier: it is hashed as the key and kept out of the payload.
        const { jti: _value, ...rest } = payload;
        if (expiresIn === undefined) throw new Error(`an artifact of the model ${model} has no lifetime`);
        if (!(await artifacts.save(model, id, rest, expiresIn))) throw new errors.InvalidGrant('grant is revoked');
      }),

    find: (id) =>
      sayUnavailable(async () => {
        if (!id.startsWith(prefix)) return undefined;
        const stored = await artifacts.find(model, id);
        return stored === null ? undefined : toPayload(id, stored.payload, stored.consumedAtSeconds);
      }),

    consume: (id) =>
      sayUnavailable(async () => {
        // The provider checks and then consumes; only the first of two parallel requests gets through here.
        if (!(await artifacts.consume(model, id))) throw new errors.InvalidGrant('already consumed');
      }),

    destroy: (id) => sayUnavailable(() => artifacts.delete(model, id)),
    revokeByGrantId: (grantId) => sayUnavailable(() => artifacts.deleteByGrant(model, grantId)),
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
  };
}

function toPayload(id: string, payload: ArtifactPayload, consumedAtSeconds: number | null): AdapterPayload {
  return { ...payload, jti: id, ...(consumedAtSeconds !== null && { consumed: consumedAtSeconds }) };
}

function clientAdapter(findClient: FindClientMetadata): Adapter {
  return {
    ...unusedAdapter('Client'),
    find: (id) => sayUnavailable(async () => (id.includes('\0') ? undefined : ((await findClient(id)) ?? undefined))),
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
