import type { Knex } from 'knex';
import type { Member } from './membership.ts';
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

interface MemberRow {
  readonly workspace_id: number;
  readonly user_id: number;
  readonly role: string;
  readonly email: string;
  readonly name: string;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
}

const MEMBER_COLUMNS = [
  'memberships.workspace_id',
  'memberships.user_id',
  'memberships.role',
  'memberships.created_at',
  'users.email',
  'users.name',
  'users.disabled_at',
] as const;

/** Keeps workspaces in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexWorkspaceRepository(database: () => Knex): WorkspaceRepository {
  const members = (workspaceId: number) =>
    database()('memberships')
      .join('users', 'users.id', 'memberships.user_id')
      .where({ 'memberships.workspace_id': workspaceId });

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

    async list({ memberId, limit, afterId, matching }) {
      const rows: WorkspaceRow[] = await database()('workspaces')
        .where('id', '>', afterId)
        .modify((query) => {
          if (matching !== undefined) query.whereRaw('strpos(lower(name), lower(?)) > 0', [matching]);
          if (memberId !== null) {
            query.whereIn('id', database()('memberships').where({ user_id: memberId }).select('workspace_id'));
          }
        })
        .orderBy('id')
        .limit(limit)
        .select(...COLUMNS);
      return rows.map(toWorkspace);
    },

    async insert({ name, own }) {
      const [row]: WorkspaceRow[] = await database()('workspaces').insert({ name, own }).returning(COLUMNS);
      if (row === undefined) throw new Error('the insert of a workspace returned no row');
      return toWorkspace(row);
    },

    async update(id, { name, scopes, rateLimitTier }) {
      const changes = {
        ...(name !== undefined && { name }),
        ...(scopes !== undefined && { scopes: [...scopes] }),
        ...(rateLimitTier !== undefined && { rate_limit_tier: rateLimitTier }),
      };
      if (Object.keys(changes).length === 0) return this.find(id);
      const [row]: WorkspaceRow[] = await database()('workspaces').where({ id }).update(changes).returning(COLUMNS);
      return row === undefined ? null : toWorkspace(row);
    },

    async setSuspended(id, suspended) {
      const [row]: WorkspaceRow[] = await database()('workspaces')
        .where({ id })
        .update({ suspended_at: suspended ? database().raw('coalesce(suspended_at, now())') : null })
        .returning(COLUMNS);
      return row === undefined ? null : toWorkspace(row);
    },

    async setRole(workspaceId, userId, role) {
      await database()('memberships')
        .insert({ workspace_id: workspaceId, user_id: userId, role })
        .onConflict(['workspace_id', 'user_id'])
        .merge({ role });
    },

    async addMember({ workspaceId, userId, role }) {
      const added: unknown[] = await database()('memberships')
        .insert({ workspace_id: workspaceId, user_id: userId, role })
        .onConflict(['workspace_id', 'user_id'])
        .ignore()
        .returning('user_id');
      return added.length > 0;
    },

    async findMember(workspaceId, userId) {
      const row: MemberRow | undefined = await members(workspaceId)
        .where({ user_id: userId })
        .first(...MEMBER_COLUMNS);
      return row === undefined ? null : toMember(row);
    },

    async listMembers(workspaceId, { limit, afterUserId }) {
      const rows: MemberRow[] = await members(workspaceId)
        .where('user_id', '>', afterUserId)
        .orderBy('user_id')
        .limit(limit)
        .select(...MEMBER_COLUMNS);
      return rows.map(toMember);
    },

    async removeMember(workspaceId, userId) {
      await database()('memberships').where({ workspace_id: workspaceId, user_id: userId }).delete();
    },

    async membershipsOf(userIds) {
      const rows: (Pick<MemberRow, 'workspace_id' | 'user_id' | 'role'> & { workspace_name: string })[] =
        await database()('memberships')
          .join('workspaces', 'workspaces.id', 'memberships.workspace_id')
          .whereIn('memberships.user_id', [...userIds])
          .orderBy('memberships.workspace_id')
          .select(
            'memberships.workspace_id',
            'memberships.user_id',
            'memberships.role',
            'workspaces.name as workspace_name',
          );
      return rows.map((row) => ({
        workspaceId: row.workspace_id,
        workspaceName: row.workspace_name,
        userId: row.user_id,
        role: row.role,
      }));
    },

    async lockMembers(workspaceId) {
      // NO KEY: new rows that point at the workspace need not wait.
      await database()('workspaces').where({ id: workspaceId }).forNoKeyUpdate().select('id');
    },

    async hasOtherWithRole(workspaceId, userId, role) {
      const row = await members(workspaceId)
        .where({ role })
        .whereNot({ user_id: userId })
        .whereNull('users.disabled_at')
        .first('user_id');
      return row !== undefined;
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

function toMember(row: MemberRow): Member {
  return {
    workspaceId: row.workspace_id,
    userId: row.user_id,
    role: row.role,
    email: row.email,
    name: row.name,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
