import {
  type ArtifactModel,
  type ArtifactRepository,
  type StoredArtifact,
  tokenPrefixes,
} from './protocol-artifact.ts';
import type { RevokeToken } from './revoke.ts';

/** Where a token comes from. */
export interface TokenOrigin {
  readonly clientId: string;
  /** Null for a client that acts for itself. */
  readonly grantId: string | null;
  readonly family: string | null;
}

/** What ending a token that has leaked needs. */
export interface EndLeakedTokenDeps {
  readonly artifacts: Pick<ArtifactRepository, 'find' | 'endFamily' | 'remember'>;
  /** Reads a JWT access token of ours; null for anything else. */
  readonly readJwt: (token: string) => Promise<TokenOrigin | null>;
  /** Ends one token of a client. */
  readonly revokeToken: RevokeToken;
  readonly endedFamilyName: (family: string) => string;
  /** The longest life of an access token, in seconds: for so long an ended family is remembered. */
  readonly accessTokenSeconds: number;
  /** Told of a client's own token, which leaves no other trace. */
  readonly onClientToken: (clientId: string) => Promise<void>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * Ends a token of OAuth in the hands of strangers, whoever shows it: with a user's token, all that came from the same
 * consent and could be had with it. False where it is none.
 */
export type EndLeakedToken = (token: string) => Promise<boolean>;

/** Builds it. */
export function endLeakedToken(deps: EndLeakedTokenDeps): EndLeakedToken {
  async function originOf(token: string): Promise<TokenOrigin | null> {
    const claims = await deps.readJwt(token);
    if (claims !== null) return claims;
    const model = modelOf(token);
    const stored = model === null ? null : await deps.artifacts.find(model, token);
    return stored === null ? null : storedOrigin(stored);
  }

  return (token) =>
    deps.together(async () => {
      const origin = await originOf(token);
      if (origin === null) return false;
      const { clientId, grantId, family } = origin;
      // A JWT is stored nowhere: its own name is remembered, and that of the family it may share with others.
      await deps.revokeToken(token, clientId);
      if (grantId === null) await deps.onClientToken(clientId);
      else await deps.artifacts.endFamily(grantId, family);
      if (family !== null) await deps.artifacts.remember(deps.endedFamilyName(family), deps.accessTokenSeconds + 60);
      return true;
    });
}

function modelOf(token: string): ArtifactModel | null {
  const models = ['AccessToken', 'ClientCredentials', 'RefreshToken'] as const;
  return models.find((model) => token.startsWith(tokenPrefixes[model])) ?? null;
}

function storedOrigin({ payload: { clientId, grantId }, family }: StoredArtifact): TokenOrigin | null {
  if (typeof clientId !== 'string') return null;
  return { clientId, grantId: typeof grantId === 'string' ? grantId : null, family };
}
