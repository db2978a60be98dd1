import type { ArtifactPayload } from './protocol-artifact.ts';

/** What lookups need of a payload, beside it. */
export interface ArtifactColumns {
  readonly clientId: string | null;
  readonly userId: string | null;
  readonly grantId: string | null;
  /** Entries of scope as the library writes them, parted by spaces. */
  readonly scope: string | null;
  readonly audience: string | null;
}

/** Copies of what lookups need; the payload itself stays as the provider wrote it, so that numbers stay numbers. */
export function columnsOf(payload: ArtifactPayload): ArtifactColumns {
  const text = (key: string): string | null => {
    const value = payload[key];
    return typeof value === 'string' ? value : null;
  };
  return {
    clientId: text('clientId'),
    userId: text('accountId'),
    grantId: text('grantId'),
    scope: text('scope'),
    audience: text('aud'),
  };
}
