import type { AuditEvent, AuditOutcome, StoredAuditEvent } from './audit-event.ts';

/** Something that events are about. */
export interface AuditTarget {
  readonly type: string;
  readonly id: string;
}

/** Which events are meant; every member given narrows. */
export interface AuditFilter {
  readonly actorType?: string;
  readonly actorId?: string;
  readonly action?: string;
  readonly outcome?: AuditOutcome;
  readonly targetType?: string;
  readonly targetId?: string;
  readonly credentialType?: string;
  readonly credentialId?: string;
  readonly workspaceId?: number;
  readonly requestId?: string;
  /** From this moment on. */
  readonly from?: Date;
  /** Before this moment. */
  readonly to?: Date;
  /** About any of these, or done by a credential that is one of them. */
  readonly concerning?: readonly AuditTarget[];
}

/** Where the trail is kept; nothing in it is ever changed or deleted. */
export interface AuditRepository {
  append(event: AuditEvent): Promise<void>;
  /** The newest first; those before `beforeId` where it is given. */
  list(
    filter: AuditFilter,
    page: { readonly limit: number; readonly beforeId: number | null },
  ): Promise<readonly StoredAuditEvent[]>;
}
