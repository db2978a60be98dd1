import type { ArtifactPayload } from './protocol-artifact.ts';

/** What a user let a client do in a workspace, as it is stored. */
export interface StoredGrant {
  readonly id: string;
  readonly payload: ArtifactPayload;
  readonly workspaceId: number | null;
}

/** A grant as its owner sees it. */
export interface ConnectedApp {
  readonly clientId: string;
  readonly clientName: string;
  readonly clientUri: string | null;
  /** The workspaces that it was let into, each by an agreement of its own. */
  readonly workspaceIds: readonly number[];
  /** Entries of the API's scopes that were agreed to, over all grants of this client. */
  readonly scopes: readonly string[];
  readonly since: Date;
  /** When it last got a token; null before its first. */
  readonly lastUsedAt: Date | null;
}

/** Which grants are meant; every member given narrows. */
export interface GrantFilter {
  readonly userId?: number;
  readonly clientId?: string;
  readonly workspaceId?: number;
}

/** What a person has just let a client do. */
export interface ConsentGiven {
  readonly grantId: string;
  readonly userId: number;
  readonly clientId: string;
  readonly workspaceId: number;
  /** Entries of scope before, those of OpenID Connect among them; null for a new grant. */
  readonly before: readonly string[] | null;
  readonly scopes: readonly string[];
}

/** A grant that has just been ended. */
export interface RevokedGrant {
  readonly id: string;
  readonly userId: number;
  readonly clientId: string;
  readonly workspaceId: number | null;
}

/** Entries of scope that a grant holds, those of OpenID Connect first. */
export function entriesOfGrant(grant: {
  readonly openid?: { readonly scope?: string | undefined } | undefined;
  readonly resources?: Readonly<Record<string, string>> | undefined;
}): readonly string[] {
  const texts = [grant.openid?.scope ?? '', ...Object.values(grant.resources ?? {})];
  return [...new Set(texts.flatMap((text) => text.split(' ')))].filter((entry) => entry !== '');
}

/** Where grants are kept. */
export interface GrantRepository {
  save(id: string, payload: ArtifactPayload, lifetimeSeconds: number): Promise<void>;
  /** A grant that stands: not revoked, its user enabled, its client there. */
  find(id: string): Promise<StoredGrant | null>;
  bindToWorkspace(id: string, workspaceId: number): Promise<void>;
  /** The newest grant that stands between a user and a client, in one workspace or (null) in any where the user is still a member. */
  findLatest(userId: number, clientId: string, workspaceId: number | null): Promise<StoredGrant | null>;
  /** Revokes grants with everything issued under them, in one statement; gives how many there were. */
  revoke(filter: GrantFilter, reason: string): Promise<number>;
  revokeById(id: string, reason: string): Promise<void>;
  listApps(userId: number): Promise<readonly ConnectedApp[]>;
}
