import type { Environment } from '../core/principal.ts';
import type { Credential, CredentialKindName, CredentialState } from './credential.ts';

/** A credential as the statements below give it. */
export interface CredentialRow {
  readonly id: number;
  readonly kind: CredentialKindName;
  readonly workspace_id: number;
  readonly user_id: number | null;
  readonly created_by: number | null;
  readonly name: string;
  readonly scopes: string[];
  readonly environment: Environment | null;
  readonly rate_limit_tier: string | null;
  readonly hint: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly expired: boolean | null;
  readonly replaced_by: number | null;
  readonly replaces_id: number | null;
  readonly replaces_until: Date | null;
  readonly last_used_at: Date | null;
  readonly last_used_address: string | null;
}

/** The columns of such a row, of `c`, of `p`, the key that it replaces, and of `u`, its last use. */
export const credentialColumns = `
  c.id, c.kind, c.workspace_id, c.user_id, c.created_by, c.name, c.scopes, c.environment, c.rate_limit_tier, c.hint,
  c.created_at, c.expires_at, c.expires_at <= now() AS expired, c.replaced_by,
  p.id AS replaces_id, p.expires_at AS replaces_until, u.last_used_at, nullif(u.address, '') AS last_used_address`;

/** What stands beside `c`. */
export const besideCredential = `
  LEFT JOIN credentials p ON p.id = c.replaces AND p.revoked_at IS NULL AND p.expires_at > now()
  LEFT JOIN usage_last u ON u.meter = 'credential:' || c.id`;

/** Whether `c` is there; a key whose grace is over is gone, although the sweeper may not have come by yet. */
export const isThere = 'c.revoked_at IS NULL AND (c.replaced_by IS NULL OR c.expires_at > now())';

/** Reads a row. */
export function toCredential(row: CredentialRow): Credential {
  return {
    id: row.id,
    kind: row.kind,
    workspaceId: row.workspace_id,
    userId: row.user_id,
    createdBy: row.created_by,
    name: row.name,
    scopes: row.scopes,
    environment: row.environment,
    rateLimitTier: row.rate_limit_tier,
    hint: row.hint,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    state: stateOf(row),
    replaces:
      row.replaces_id === null || row.replaces_until === null
        ? null
        : { id: row.replaces_id, expiresAt: row.replaces_until },
    replacedBy: row.replaced_by,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
  };
}

function stateOf({ expired, replaced_by: replacedBy }: CredentialRow): CredentialState {
  if (expired === true) return 'expired';
  return replacedBy === null ? 'active' : 'replaced';
}
