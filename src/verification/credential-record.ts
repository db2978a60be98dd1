import type { CredentialType, Environment } from '../core/principal.ts';

/** Everything a verdict depends on, as it stands in the database at this moment. */
export interface CredentialRecord {
  readonly type: CredentialType;
  readonly id: number | string;
  readonly name: string | null;
  readonly environment: Environment | null;
  readonly expiresAt: Date | null;
  readonly expired: boolean;
  readonly revoked: boolean;
  /** The resource the credential is for; null where a kind has no audience of its own. */
  readonly audience: string | null;
  /** Scope entries the credential was granted. */
  readonly grant: readonly string[];
  readonly user: { readonly id: number; readonly disabled: boolean; readonly role: string | null } | null;
  readonly client: { readonly id: string; readonly scopes: readonly string[] } | null;
  readonly workspace: {
    readonly id: number;
    readonly scopes: readonly string[];
    readonly suspended: boolean;
    readonly own: boolean;
  } | null;
}

/** Reads the record behind a credential's lookup key (a digest), or null when there is none. Fails with `DependencyDown`. */
export type FindCredentialRecord = (key: Buffer) => Promise<CredentialRecord | null>;
