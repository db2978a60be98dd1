import type { Queries } from '../db/request-transaction.ts';
import type { AuditEvent } from './audit-event.ts';
import { auditColumns } from './knex-audit-repository.ts';

/** Builds the writer for work that runs on a request's own transaction instead of the unit of work. */
export function pgAppendAudit(queries: Queries): (event: AuditEvent) => Promise<void> {
  return async (event) => {
    const columns = Object.entries(auditColumns(event));
    const names = columns.map(([name]) => name).join(', ');
    const places = columns.map((_column, index) => `$${index + 1}`).join(', ');
    await queries.query({
      name: 'audit-append',
      text: `INSERT INTO audit_events (${names}) VALUES (${places})`,
      values: columns.map(([, value]) => value),
    });
  };
}
