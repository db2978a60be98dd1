import type { AuditTarget } from './audit-repository.ts';

/** How a pasted credential stands; `unknown` was never one, is forged, or is gone without a trace. */
export const credentialStates = ['active', 'expired', 'revoked', 'suspended', 'owner_inactive', 'unknown'] as const;

/** How a pasted credential stands. */
export type CredentialState = (typeof credentialStates)[number];

/** When and from where a credential was used last. */
export interface LastUse {
  readonly at: Date;
  readonly address: string | null;
}

/** What a pasted credential turned out to be; it is nowhere in here itself. */
export interface FoundCredential {
  readonly type: string | null;
  readonly id: string | number | null;
  readonly name: string | null;
  readonly state: CredentialState;
  readonly subject: { readonly type: string; readonly id: string | number } | null;
  readonly workspaceId: number | null;
  readonly expiresAt: Date | null;
  /** What it may do now, in the order of the vocabulary; null for what does nothing: what has ended, a secret of an app. */
  readonly scopes: readonly string[] | null;
  /** Its own last use; null for never, and for what no use is counted of. */
  readonly lastUsed: LastUse | null;
  /** What the events to show are about, or were done by. */
  readonly concerning: readonly AuditTarget[];
}

/** Finds out what a credential is, by its digest or its public id with the whole secret; asks nothing of its owner and counts nothing. */
export type FindCredential = (credential: string) => Promise<FoundCredential>;

/** The ways to recognise one: each knows some kinds, and gives null for all others. */
export type RecogniseCredential = (credential: string) => Promise<FoundCredential | null>;

/** What nothing recognises. */
const unknownCredential: FoundCredential = {
  type: null,
  id: null,
  name: null,
  state: 'unknown',
  subject: null,
  workspaceId: null,
  expiresAt: null,
  scopes: null,
  lastUsed: null,
  concerning: [],
};

/** Builds the search from the ways to recognise a credential, asked in their order. */
export function findCredential(ways: readonly RecogniseCredential[]): FindCredential {
  return async (credential) => {
    for (const recognise of ways) {
      const found = await recognise(credential);
      if (found !== null) return found;
    }
    return unknownCredential;
  };
}
