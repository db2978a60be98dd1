/** The kinds of what can hold a scope. */
export const scopeHolderKinds = ['user', 'personal_access_token', 'api_key', 'client'] as const;

/** A kind of holder. */
export type ScopeHolderKind = (typeof scopeHolderKinds)[number];

/** Somebody or something that holds a scope now. */
export interface ScopeHolder {
  readonly kind: ScopeHolderKind;
  readonly id: number | string;
  readonly name: string;
  readonly workspace: { readonly id: number; readonly name: string };
  /** The user that a token acts for, and the user themselves; null for what belongs to a workspace. */
  readonly userId: number | null;
  /** What covers the scope: granted entries, or the role of a member. */
  readonly by: readonly string[];
}

/** Which holders are asked for. */
export interface ScopeHoldersQuestion {
  /** Every granted entry that covers the scope. */
  readonly entries: readonly string[];
  /** Every role that covers it. */
  readonly roles: readonly string[];
  /** True for a scope that counts in the first workspace alone. */
  readonly ownWorkspaceOnly: boolean;
  /** True for the scope that the mark of a resource server is worth. */
  readonly markedClients: boolean;
  readonly kind: ScopeHolderKind;
  readonly limit: number;
  /** The workspace and the id of the last holder of the page before; null for the first page. */
  readonly after: { readonly workspaceId: number; readonly id: number | string } | null;
}

/** Lists who holds a scope: what is suspended, disabled, expired or revoked holds nothing now. */
export type ListScopeHolders = (question: ScopeHoldersQuestion) => Promise<readonly ScopeHolder[]>;
