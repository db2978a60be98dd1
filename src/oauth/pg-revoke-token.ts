import { sha256 } from '../crypto/digest.ts';
import type { RequestTransactions } from '../db/request-transaction.ts';
import type { ArtifactRepository } from './protocol-artifact.ts';
import type { RevokeToken } from './revoke.ts';

/** What the revocation of a client's own access tokens needs. */
export interface RevokeTokenDeps {
  readonly transactions: RequestTransactions;
  readonly artifacts: Pick<ArtifactRepository, 'remember'>;
  /** Reads a JWT access token of ours; null for anything else. */
  readonly readJwt: (
    token: string,
  ) => Promise<{ readonly clientId: string; readonly jti: string; readonly expiresAtSeconds: number } | null>;
  /** The name under which the verification looks for a revoked JWT. */
  readonly revokedName: (jti: string) => string;
  readonly translateError: (error: unknown) => unknown;
}

const REVOKE = `
  DELETE FROM oauth_artifacts
   WHERE id_hash = $1 AND client_id = $2 AND model IN ('AccessToken', 'ClientCredentials')`;

/** Builds the end of one access token: an opaque one is deleted, a JWT remembered until it would have expired. Refresh tokens are the library's. */
export function pgRevokeToken(deps: RevokeTokenDeps): RevokeToken {
  return async (token, clientId) => {
    const jwt = await deps.readJwt(token);
    if (jwt !== null) {
      if (jwt.clientId !== clientId) return;
      const lifetimeSeconds = jwt.expiresAtSeconds - Math.floor(Date.now() / 1000) + 60;
      if (lifetimeSeconds > 0) await deps.artifacts.remember(deps.revokedName(jwt.jti), lifetimeSeconds);
      return;
    }
    try {
      await deps.transactions.query({ name: 'token-revoke', text: REVOKE, values: [sha256(token), clientId] });
    } catch (error) {
      throw deps.translateError(error);
    }
  };
}
