/** A workspace: the owner of API keys and clients, and the place where users have roles. */
export interface Workspace {
  readonly id: number;
  readonly name: string;
  /** Ceiling of scope entries for everything that acts in this workspace. */
  readonly scopes: readonly string[];
  readonly rateLimitTier: string;
  /** True for the first workspace, the server's own. */
  readonly own: boolean;
  readonly suspendedAt: Date | null;
  readonly createdAt: Date;
}
