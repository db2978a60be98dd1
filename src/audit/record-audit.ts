import { type AuditEvent, type AuditNote, auditActions } from './audit-event.ts';
import { type AuditOrigin, auditOrigin } from './audit-origin.ts';
import { changedFields, safeIdentifier, withoutSecrets } from './public-fields.ts';

/** What the recorder needs. */
export interface RecordAuditDeps {
  /** Writes on the transaction of the present work, so that a change and its event stand or fall together. */
  readonly append: (event: AuditEvent) => Promise<void>;
  /** Runs the work in one transaction. */
  readonly together: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly reportFailure: (error: unknown) => void;
}

/** Writes the trail. */
export interface AuditTrail {
  /** Writes an event; what fails here fails the work it belongs to. */
  record(note: AuditNote): Promise<void>;
  /** Does some work and writes what came of it, in one transaction; a null note means that nothing has happened. */
  around<Result>(work: () => Promise<Result>, note: (result: Result) => AuditNote | null): Promise<Result>;
  /** Writes an event about something that was refused anyway; a failure is reported and changes nothing. */
  attempt(note: AuditNote): Promise<void>;
}

/** Builds the trail: it adds who, by which credential and from where, and lets no secret through. */
export function recordAudit({ append, together, reportFailure }: RecordAuditDeps): AuditTrail {
  const record = (note: AuditNote): Promise<void> => append(completeEvent(note, auditOrigin()));
  return {
    record,
    around: (work, noteOf) =>
      together(async () => {
        const result = await work();
        const note = noteOf(result);
        if (note !== null) await record(note);
        return result;
      }),
    async attempt(note) {
      try {
        await record(note);
      } catch (error) {
        reportFailure(error);
      }
    },
  };
}

/** Makes the event of a note: the caller of the request acts unless the note says who; no secret gets through. */
export function completeEvent(note: AuditNote, { request, caller }: AuditOrigin): AuditEvent {
  const actor = note.actor ?? caller?.actor ?? { type: request === null ? 'system' : 'anonymous', id: null };
  // Somebody who is named by the note need not be the one whose credential the request showed.
  const credential =
    note.credential ?? (note.actor === undefined || isCaller(note, caller) ? caller?.credential : null);
  const { before, after } = changedFields(note.before ?? null, note.after ?? null);
  return {
    action: note.action,
    outcome: note.outcome ?? 'done',
    actor: { type: actor.type, id: text(actor.id) },
    credential: credential == null ? null : { type: credential.type, id: safeIdentifier(String(credential.id)) },
    target: { type: auditActions[note.action].target, id: text(note.target) },
    workspaceId: note.workspaceId === undefined ? (caller?.workspaceId ?? null) : note.workspaceId,
    address: request === null || request.address === '' ? null : safeIdentifier(request.address),
    requestId: request === null ? null : safeIdentifier(request.requestId),
    before: before && withoutSecrets(before),
    after: after && withoutSecrets(after),
  };
}

function isCaller({ actor }: AuditNote, caller: AuditOrigin['caller']): boolean {
  return caller !== null && actor?.type === caller.actor.type && String(actor.id) === String(caller.actor.id);
}

function text(id: string | number | null): string | null {
  return id === null ? null : safeIdentifier(String(id));
}
