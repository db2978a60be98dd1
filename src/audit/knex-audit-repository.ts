import type { Knex } from 'knex';
import type { AuditActorType, AuditEvent, AuditFields, AuditOutcome, StoredAuditEvent } from './audit-event.ts';
import type { AuditFilter, AuditRepository } from './audit-repository.ts';

interface AuditRow {
  readonly id: number;
  readonly at: Date;
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly actor_type: AuditActorType;
  readonly actor_id: string | null;
  readonly credential_type: string | null;
  readonly credential_id: string | null;
  readonly workspace_id: number | null;
  readonly target_type: string | null;
  readonly target_id: string | null;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly before: AuditFields | null;
  readonly after: AuditFields | null;
}

/** Keeps the trail in PostgreSQL; `database` gives what to query on, which may be a transaction. */
export function knexAuditRepository(database: () => Knex): AuditRepository {
  return {
    async append(event) {
      await database()('audit_events').insert(auditColumns(event));
    },

    async list(filter, { limit, beforeId }) {
      const rows: AuditRow[] = await database()('audit_events')
        .where(exactColumns(filter))
        .modify((query) => {
          if (beforeId !== null) query.where('id', '<', beforeId);
          if (filter.from !== undefined) query.where('at', '>=', filter.from);
          if (filter.to !== undefined) query.where('at', '<', filter.to);
          if (filter.concerning !== undefined) query.where((either) => concerning(either, filter.concerning ?? []));
        })
        .orderBy('id', 'desc')
        .limit(limit)
        .select('*');
      return rows.map(toEvent);
    },
  };
}

/** The columns of an event. */
export function auditColumns(event: AuditEvent): Record<string, string | number | null> {
  return {
    action: event.action,
    outcome: event.outcome,
    actor_type: event.actor.type,
    actor_id: event.actor.id,
    credential_type: event.credential?.type ?? null,
    credential_id: event.credential?.id ?? null,
    workspace_id: event.workspaceId,
    target_type: event.target.type,
    target_id: event.target.id,
    address: event.address,
    request_id: event.requestId,
    before: event.before && JSON.stringify(event.before),
    after: event.after && JSON.stringify(event.after),
  };
}

function exactColumns(filter: AuditFilter): Record<string, string | number> {
  const columns: Record<string, string | number | undefined> = {
    actor_type: filter.actorType,
    actor_id: filter.actorId,
    action: filter.action,
    outcome: filter.outcome,
    target_type: filter.targetType,
    target_id: filter.targetId,
    credential_type: filter.credentialType,
    credential_id: filter.credentialId,
    workspace_id: filter.workspaceId,
    request_id: filter.requestId,
  };
  return Object.fromEntries(
    Object.entries(columns).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Each pair is one range of an index; without any, nothing is meant. */
function concerning(query: Knex.QueryBuilder, targets: NonNullable<AuditFilter['concerning']>): void {
  query.whereRaw('false');
  for (const { type, id } of targets) {
    query.orWhere({ target_type: type, target_id: id }).orWhere({ credential_type: type, credential_id: id });
  }
}

function toEvent(row: AuditRow): StoredAuditEvent {
  return {
    id: row.id,
    at: row.at,
    action: row.action,
    outcome: row.outcome,
    actor: { type: row.actor_type, id: row.actor_id },
    credential:
      row.credential_type === null || row.credential_id === null
        ? null
        : { type: row.credential_type, id: row.credential_id },
    target: { type: row.target_type, id: row.target_id },
    workspaceId: row.workspace_id,
    address: row.address,
    requestId: row.request_id,
    before: row.before,
    after: row.after,
  };
}
