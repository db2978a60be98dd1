import type { Knex } from 'knex';
import type { Workspace } from './workspace.ts';
import type { WorkspaceRepository } from './workspace-repository.ts';

interface WorkspaceRow {
  readonly id: number;
  readonly name: string;
  readonly scopes: string[];
  readonly rate_limit_tier: string;
  readonly own: boolean;
  readonly suspended_at: Date | null;
  readonly created_at: Date;
}

const COLUMNS = ['id', 'name', 'scopes', 'rate_limit_tier', 'own', 'suspended_at', 'created_at'] as const;

/** Keeps workspaces in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexWorkspaceRepository(database: () => Knex): WorkspaceRepository {
  return {
    async find(id) {
      const row: WorkspaceRow | undefined = await database()('workspaces')
        .where({ id })
        .first(...COLUMNS);
      return row === undefined ? null : toWorkspace(row);
    },

    async findOwn() {
      const row: WorkspaceRow | undefined = await database()('workspaces')
        .where({ own: true })
        .first(...COLUMNS);
      return row === undefined ? null : toWorkspace(row);
    },

    async insert({ name, own }) {
      const [row]: WorkspaceRow[] = await database()('workspaces').insert({ name, own }).returning(COLUMNS);
      if (row === undefined) throw new Error('the insert of a workspace returned no row');
      return toWorkspace(row);
    },

    async setRole(workspaceId, userId, role) {
      await database()('memberships')
        .insert({ workspace_id: workspaceId, user_id: userId, role })
        .onConflict(['workspace_id', 'user_id'])
        .merge({ role });
    },

    async hasMemberWithRole(roles) {
      const row = await database()('memberships')
        .join('workspaces', 'workspaces.id', 'memberships.workspace_id')
        .join('users', 'users.id', 'memberships.user_id')
        .where({ 'workspaces.own': true })
        .whereNull('users.disabled_at')
        .whereIn('memberships.role', roles)
        .first('memberships.user_id');
      return row !== undefined;
    },
  };
}

function toWorkspace(row: WorkspaceRow): Workspace {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    rateLimitTier: row.rate_limit_tier,
    own: row.own,
    suspendedAt: row.suspended_at,
    createdAt: row.created_at,
  };
}
